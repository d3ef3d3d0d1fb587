using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Rules;

/// <summary>Settings of the FromNameSpoof plugin. DKIM exceptions (<c>fns_ignore_dkim</c>) need the network and are not used.</summary>
internal sealed class FromNameSettings
{
    private const string Plugin = "FromNameSpoof";
    private const string ListPrefix = "FNS_";

    private static readonly PerlRegex _list = new("^\\((.+?)\\)\\s+(.+)$", System.Text.RegularExpressions.RegexOptions.Singleline);

    /// <summary>How many more characters than the address a name may hold and still count as one.</summary>
    public double ExtraCharacters { get; set; } = 50;

    /// <summary>What must differ: 0 the address, 1 also its owner, 2 also its domain.</summary>
    public int Check { get; set; } = 1;

    /// <summary>Mail with one of these fields is not looked at.</summary>
    public HashSet<string> IgnoredHeaders { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Owners by the name of their address list.</summary>
    public Dictionary<string, string> Owners { get; private init; } = new(StringComparer.Ordinal);

    public FromNameSettings Copy() => new()
    {
        ExtraCharacters = ExtraCharacters,
        Check = Check,
        IgnoredHeaders = new(IgnoredHeaders, StringComparer.Ordinal),
        Owners = new(Owners, StringComparer.Ordinal),
    };

    public static IReadOnlyList<PluginDirective> Directives { get; } =
    [
        PluginDirective.Number(Plugin, "fns_extrachars", static (s, n) => s.FromName.ExtraCharacters = n),
        PluginDirective.Words(Plugin, "fns_ignore_headers", static (s, words) => s.FromName.IgnoredHeaders.UnionWith(words)),
        PluginDirective.Unused(Plugin, "fns_ignore_dkim"),
        PluginDirective.Of(Plugin, "fns_check", static (s, value) =>
        {
            if (value is not ("0" or "1" or "2"))
            {
                return $"'{value}' is not 0, 1 or 2";
            }

            s.FromName.Check = value[0] - '0';
            return null;
        }),
        new(Plugin, "fns_add_addrlist", static (builder, _, value) => ChangeList(value, (owner, list, addresses) =>
        {
            builder.Settings.Plugins.FromName.Owners[list] = owner;
            Array.ForEach(addresses, builder.Settings.List(list).Add);
        })),
        new(Plugin, "fns_remove_addrlist", static (builder, _, value) => ChangeList(value, (_, list, addresses) =>
            Array.ForEach(addresses, builder.Settings.List(list).Remove))),
    ];

    private static string? ChangeList(string value, Action<string, string, string[]> change)
    {
        if (_list.Match(value) is not { Success: true } match)
        {
            return "write (NAME) and addresses";
        }

        var owner = match.Groups[1].Value.ToLowerInvariant();
        change(owner, ListPrefix + owner, match.Groups[2].Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return null;
    }
}
