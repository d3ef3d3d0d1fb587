namespace Backstop.SpamRules.Messages;

/// <summary>A header as a rule names it: the field and the modifiers behind colons.</summary>
internal readonly record struct HeaderRequest(
    string Header, bool Raw, bool Address, bool Name, bool Host, bool Domain, bool Ip, bool ReversedIp, bool First, bool Last)
{
    /// <summary>Whether a part of the field's body is meant: an address, a name, a host or an IP address.</summary>
    public bool IsDerived => Address || Name || Host || Ip;

    public static HeaderRequest Parse(string request)
    {
        var parts = request.Split(':');
        bool Has(string modifier) => Array.IndexOf(parts, modifier, 1) > 0;
        return parts.Length == 1
            ? new HeaderRequest(request, false, false, false, false, false, false, false, false, false)
            : new HeaderRequest(
                parts[0], Has("raw"), Has("addr"), Has("name"), Has("host") || Has("domain"), Has("domain"),
                Has("ip") || Has("revip"), Has("revip"), Has("first"), Has("last"));
    }
}
