using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Relays;

/// <summary>What has been read of a Received field so far.</summary>
internal sealed class ReceivedFields
{
    private static readonly PerlRegex _subHelo = new(@"helo=(\S+)");
    private static readonly PerlRegex _subIdent = new(@"ident=(\S*)");
    private static readonly PerlRegex _strip = new(@"[\s\0#\[\]()<>|]");
    private static readonly PerlRegex _mapped = new(@"^0*:0*:(?:0*:)*ffff:(\d+\.\d+\.\d+\.\d+)$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _zone = new(@"%[A-Z0-9._~-]*\z", RegexOptions.IgnoreCase);

    public string Ip { get; set; } = "";

    public string Rdns { get; set; } = "";

    public string Helo { get; set; } = "";

    public string By { get; set; } = "";

    public string Ident { get; set; } = "";

    public string Id { get; set; } = "";

    public string Auth { get; set; } = "";

    public string? EnvelopeFrom { get; set; }

    public bool LooksUpDns { get; set; }

    /// <summary>Fills the fields from the named groups of a form that fits; a group absent leaves what was known.</summary>
    public bool Take(PerlRegex form, string text)
    {
        if (form.Match(text) is not { Success: true } match)
        {
            return false;
        }

        string Group(string name, string known) => match.Groups[name] is { Success: true } group ? group.Value : known;
        (Ip, Rdns, Helo, By, Ident) = (Group("ip", Ip), Group("rdns", Rdns), Group("helo", Helo), Group("by", By), Group("ident", Ident));
        if (match.Groups["sub"] is { Success: true } sub)
        {
            var rest = sub.Value;
            if (_subHelo.Match(rest) is { Success: true } helo)
            {
                Helo = helo.Groups[1].Value;
                rest = rest.Remove(helo.Index, helo.Length);
            }

            Ident = _subIdent.Match(rest) is { Success: true } ident ? ident.Groups[1].Value : Ident;
        }

        return true;
    }

    public bool Take(ReceivedForm form, string text)
    {
        var taken = form.Shape is { } shape ? Take(shape, text) : Take(form.Pattern, text);
        LooksUpDns |= taken && form.LooksUpDns;
        return taken;
    }

    private bool Take(ReceivedShape shape, string text)
    {
        if (shape.Match(text) is not { } found)
        {
            return false;
        }

        (Ip, Rdns, Helo, By) = (
            found.GetValueOrDefault("ip", Ip), found.GetValueOrDefault("rdns", Rdns), found.GetValueOrDefault("helo", Helo),
            found.GetValueOrDefault("by", By));
        return true;
    }

    public bool ForgetId()
    {
        Id = "";
        return true;
    }

    public Relay ToRelay()
    {
        var rdns = Rdns.TrimEnd('.');
        rdns = rdns.Equals("unknown", StringComparison.OrdinalIgnoreCase) || rdns.StartsWith('[') ? "" : rdns;
        return new Relay
        {
            Ip = Clean(CleanIp(Ip)),
            Rdns = Clean(rdns),
            Helo = Clean(Helo),
            By = Clean(By.EndsWith(';') ? By[..^1] : By),
            Ident = Clean(Ident),
            Id = Id,
            Auth = Auth,
            EnvelopeFrom = CleanSender(EnvelopeFrom),
            HasNoReverseDns = rdns.Length == 0 && LooksUpDns,
            IsPrivate = IpPatterns.IsPrivate(Clean(CleanIp(Ip))),
        };
    }

    public static string? CleanSender(string? sender) =>
        sender is null ? null : Clean(PerlSpace.Trim(sender).TrimStart('<').TrimEnd('>'));

    private static string CleanIp(string ip)
    {
        ip = ip.StartsWith("ipv6:", StringComparison.OrdinalIgnoreCase) ? ip[5..] : ip;
        ip = ip.StartsWith('[') ? ip[1..] : ip;
        ip = ip.EndsWith(']') ? ip[..^1] : ip;
        return _mapped.Replace(_zone.Replace(ip, ""), "$1");
    }

    private static string Clean(string text) => _strip.Replace(text, "!");
}
