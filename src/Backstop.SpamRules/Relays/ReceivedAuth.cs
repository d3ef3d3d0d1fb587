using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>Whether the client authenticated, as the protocol's name or the server's words in the field say.</summary>
internal static class ReceivedAuth
{
    private static readonly PerlRegex _protocol = new(
        @" with ((?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?)(?: |;|$)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _gmail = new(
        @" by mx\.google\.com with ESMTPS id [a-z0-9]{1,4}sm[0-9]{2,9}[a-z]{3}\.[0-9]{1,3}\.[0-9]{4}\.(?:[0-6][0-9]\.){4}[0-6][0-9]");

    private static readonly PerlRegex _gmailTls = new(@"\(version=([^ ]+) cipher=([^)]+)\)");
    private static readonly PerlRegex _courier = new(
        @"^from .*?(?:\]\)|\)\]) \(AUTH: (LOGIN|PLAIN|DIGEST-MD5|CRAM-MD5) \S+(?:, .*?)?\) by ");
    private static readonly PerlRegex _sendmail = new(@"^from .*?(?:\](?: \([^)]*\))?\)|\)\]) .*?\(.*?authenticated.*?\).*? by");
    private static readonly PerlRegex _gmx = ReceivedForm.Compile(
        @"from \S* \((?:HELO|EHLO) (\S*)\) \[{ip}\] by (?<host>mail\.gmx\.(?:net|com)) \([^)]+\) with (?<with>(?:ESMTP|SMTP))");

    private static readonly PerlRegex _criticalPath = new(@"\) by .+ \(\d{1,2}\.\d\.\d{3}(?:\.\d{1,3})?\) \(authenticated as .+\) id ");
    private static readonly PerlRegex _postfix = new(@"\) \(Authenticated sender: \S+\) by \S+ \(([^)]+)\) with ");
    private static readonly PerlRegex _communigate = new(@"CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP)");
    private static readonly PerlRegex _via = new(@" \(via (HTTP.?)\)(?: |;|$)", RegexOptions.IgnoreCase);

    public static string Find(string text)
    {
        bool Has(string word) => text.Contains(word, StringComparison.Ordinal);
        var by = Has(" by ");
        if (by && _protocol.Match(text) is { Success: true } protocol)
        {
            return protocol.Groups[1].Value;
        }

        if (Has("mx.google.com") && _gmail.IsMatch(text) && _gmailTls.Match(text) is { Success: true } tls)
        {
            return $"GMail - transport={tls.Groups[1].Value} cipher={tls.Groups[2].Value}";
        }

        if (Has("(AUTH: ") && _courier.Match(text) is { Success: true } courier)
        {
            return courier.Groups[1].Value;
        }

        if (Has("authenticated") && _sendmail.IsMatch(text))
        {
            return "Sendmail";
        }

        if (Has("mail.gmx.") && _gmx.Match(text) is { Success: true } gmx)
        {
            return $"GMX ({gmx.Groups["with"].Value} / {gmx.Groups["host"].Value})";
        }

        if (Has(" (authenticated as ") && _criticalPath.IsMatch(text))
        {
            return "CriticalPath";
        }

        if (Has("(Authenticated sender: ") && _postfix.Match(text) is { Success: true } postfix)
        {
            return postfix.Groups[1].Value is "Postfix" ? "Postfix" : $"Postfix ({postfix.Groups[1].Value})";
        }

        return Has(" (account ") && _communigate.IsMatch(text) ? "Communigate"
            : Has(" with Microsoft Exchange Server HTTP-DAV") ? "HTTP-DAV"
            : by && _via.Match(text) is { Success: true } via ? via.Groups[1].Value
            : "";
    }
}
