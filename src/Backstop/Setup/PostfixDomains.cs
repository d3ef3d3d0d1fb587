using Backstop.Mail;

namespace Backstop.Setup;

/// <summary>The domains that a mail server receives mail for, as far as they can be read.</summary>
/// <param name="Names">The domains.</param>
/// <param name="Unread">Tables and patterns that may name more, and cannot be listed.</param>
internal sealed record DomainList(IReadOnlyList<string> Names, IReadOnlyList<string> Unread);

/// <summary>
/// Reads the domains of a Postfix from everything that may name them: settings, files and tables. Of a table that cannot be listed
/// (mysql, ldap) it asks for the names that stand elsewhere.
/// </summary>
internal sealed class PostfixDomains(PostfixTools tools)
{
    private static readonly string[] _settings = [
        "mydestination", "virtual_mailbox_domains", "virtual_alias_domains", "relay_domains"];

    private static readonly string[] _own = ["mydomain", "myhostname", "myorigin"];

    private readonly List<string> _names = [];
    private readonly List<string> _unread = [];

    /// <summary>Reads them.</summary>
    /// <param name="named">Domains that the user has named: they come first, and are asked for in tables.</param>
    /// <param name="ct">Stops the work.</param>
    public async Task<DomainList> ReadAsync(IReadOnlyList<string> named, CancellationToken ct)
    {
        _names.AddRange(named);
        foreach (var setting in _settings)
        {
            foreach (var element in PostfixList.Split(await tools.ExpandedAsync(setting, ct)))
            {
                await AddAsync(element, ct);
            }
        }

        await AskAsync(ct);
        return new([.. _names.Where(IsDomain).Distinct(StringComparer.OrdinalIgnoreCase)], [.. _unread.Distinct(StringComparer.Ordinal)]);
    }

    private async Task AddAsync(string element, CancellationToken ct)
    {
        if (element.StartsWith('/'))
        {
            // A file with further elements, one or more a line.
            var lines = File.Exists(element) ? await File.ReadAllLinesAsync(element, ct) : [];
            _names.AddRange(lines.Where(l => !l.StartsWith('#')).SelectMany(PostfixList.Split));
        }
        else if (element.Contains(':', StringComparison.Ordinal))
        {
            await AddTableAsync(element, ct);
        }
        else if (element.StartsWith('.'))
        {
            _unread.Add(element);
        }
        else
        {
            _names.Add(element);
        }
    }

    private async Task AddTableAsync(string element, CancellationToken ct)
    {
        var table = element.StartsWith("proxy:", StringComparison.Ordinal) ? element["proxy:".Length..] : element;
        var place = table[(table.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (table.StartsWith("inline:", StringComparison.Ordinal))
        {
            _names.AddRange(PostfixList.Split(place.Trim('{', '}')).Select(e => e.Trim('{', '}', ' ').Split('=')[0].Trim()));
        }
        else if (table.StartsWith("texthash:", StringComparison.Ordinal) && File.Exists(place))
        {
            AddKeys(await File.ReadAllTextAsync(place, ct));
        }
        else if (await tools.ListAsync(table, ct) is { } entries)
        {
            AddKeys(entries);
        }
        else
        {
            _unread.Add(table);
        }
    }

    // The keys of aliases are addresses too; a domain is a key without @. A line that begins with a blank goes on with a value.
    private void AddKeys(string entries) =>
        _names.AddRange(
            entries.Split('\n').Where(l => l.Length > 0 && !char.IsWhiteSpace(l[0]) && l[0] != '#')
                .Select(l => l.Split([' ', '\t'], 2)[0]).Where(k => !k.Contains('@', StringComparison.Ordinal)));

    private async Task AskAsync(CancellationToken ct)
    {
        if (_unread.Count == 0)
        {
            return;
        }

        var own = new List<string>();
        foreach (var setting in _own)
        {
            own.Add(await tools.ExpandedAsync(setting, ct));
        }

        foreach (var name in own.Where(IsDomain).Except(_names, StringComparer.OrdinalIgnoreCase).ToList())
        {
            foreach (var table in _unread.Where(u => u.Contains(':', StringComparison.Ordinal)).ToList())
            {
                if (await tools.HasAsync(table, name, ct))
                {
                    _names.Add(name);
                    break;
                }
            }
        }
    }

    private static bool IsDomain(string name) =>
        name.Contains('.', StringComparison.Ordinal) && !name.StartsWith("localhost.", StringComparison.OrdinalIgnoreCase)
        && MailAddress.IsDomain(name);
}
