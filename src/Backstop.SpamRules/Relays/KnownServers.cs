using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>Servers that name themselves in the field: their own forms are tried first.</summary>
internal static class KnownServers
{
    private static readonly PerlRegex _squirrelMail = ReceivedForm.Compile(
        @"(?:^|[^A-Fa-f0-9:])(?:{ip4}[^.\n-]|{ip6}\b[^.:\n-]).{9,79}{by} with HTTP");
    private static readonly PerlRegex _aolWeb = ReceivedForm.Compile(@"(?:^|[^A-Fa-f0-9:]){ip} {by} \({IP}\) with HTTP \(WebMailUI\)");
    private static readonly PerlRegex _smtpSvc = ReceivedForm.Compile(@"^(?<helo>\S*) \(\[{ip}\][^)]{0,40}\) {by} with Microsoft SMTPSVC");
    private static readonly PerlRegex _pickup = ReceivedForm.Compile(@"^mail pickup service by (\S+) with Microsoft SMTPSVC$");
    private static readonly PerlRegex _exchangeMark = new(
        @" with (?:Microsoft SMTP Server|mapi id) (?:\([^)]+\) )?\d+\.\d+\.\d+\.\d+(?:$| )");
    private static readonly PerlRegex _exchange = ReceivedForm.Compile(@"^{helo} \(\[?{ip}(?:%[A-Z0-9._~-]*)?\]?\) {by} ");
    private static readonly PerlRegex _xMail = ReceivedForm.Compile(
        @"^{helo} \(\[?(?:{ip4}\]?|{ip6}\]):\d+\) {by}(?: \(\S+\))? with \[XMail");
    private static readonly PerlRegex _xMailId = new(@" id <(\S+)>");
    private static readonly PerlRegex _xMailFrom = new(@" from <(\S+)>");
    private static readonly PerlRegex _ecelerityHelo = ReceivedForm.Compile(@"^\(\[{ip4}:\d+\] helo={helo}\) {by} ");
    private static readonly PerlRegex _ecelerity = ReceivedForm.Compile(@"^\S+ \(\[{ip4}:\d+\]\) {by} ");
    private static readonly PerlRegex _eximLocal = new(@"\bwith local(?:-\S+)? ");
    private static readonly PerlRegex _eximAddress = ReceivedForm.Compile(@"^\[{ip}\] \((?<sub>.*?)\) {by} ");
    private static readonly PerlRegex _eximName = ReceivedForm.Compile(@"^(?<helo>(?<rdns>\S+)) \(\[{ip}\](?<sub>.*?)\) {by} ");
    private static readonly PerlRegex _eximBare = ReceivedForm.Compile(@"^(?<helo>(?<rdns>\S+)) \[{ip}\](:\d+)? {by} ");
    private static readonly ReceivedForm _postfix = ReceivedForm.Of(@"^{helo} \({rdns} \[{ip}\]\) {by} ");
    private static readonly PerlRegex _postfixDense = ReceivedForm.Compile(@"^{helo} \({rdns} ?\[{ip}\]\) {by} ");
    private static readonly PerlRegex _scalix = ReceivedForm.Compile(@"^{helo} \( ?{ip}\) {by}");
    private static readonly PerlRegex _domino = ReceivedForm.Compile(@"^{helo} \(\[{ip}\]\) {by} \(Lotus");
    private static readonly PerlRegex _webAddress = ReceivedForm.Compile(@"^{ip} \(\[{IP}\]\) {by}");
    private static readonly PerlRegex _http = new(@"\bwith HTTP\b");
    private static readonly PerlRegex _firstWord = new(@"^(\S+) ");
    private static readonly PerlRegex _parenthesised = new(@" \((\S+)\) ");
    private static readonly PerlRegex _bracketed = ReceivedForm.Compile(@" \[{ip}(?:\.\d+)?\] ");
    private static readonly PerlRegex _byWord = new(@"by (\S+) ");

    public static ReceivedOutcome Read(ReceivedFields fields, string text)
    {
        if (text.Contains(" (SquirrelMail authenticated user ", StringComparison.Ordinal)
            || text.Contains(" (NaSMail authenticated user ", StringComparison.Ordinal))
        {
            if (fields.Take(_squirrelMail, text))
            {
                return ReceivedOutcome.Relay;
            }
        }

        if (text.Contains("aol.com", StringComparison.Ordinal) && text.Contains("with HTTP (WebMailUI)", StringComparison.Ordinal)
            && fields.Take(_aolWeb, text))
        {
            return ReceivedOutcome.Relay;
        }

        return ReadNamed(fields, text) is var outcome && outcome != ReceivedOutcome.Unknown ? outcome
            : _http.IsMatch(text) && fields.Take(_webAddress, text) ? ReceivedOutcome.Relay
            : ReceivedOutcome.Unknown;
    }

    private static ReceivedOutcome ReadNamed(ReceivedFields fields, string text)
    {
        bool Has(string word) => text.Contains(word, StringComparison.Ordinal);
        if (Has(" SMTPSVC"))
        {
            return fields.Take(_smtpSvc, text) ? ReceivedOutcome.Relay
                : _pickup.IsMatch(text) ? ReceivedOutcome.NoRelay
                : ReceivedOutcome.Unknown;
        }

        if (_exchangeMark.IsMatch(text))
        {
            return Taken(fields.Take(_exchange, text) && fields.ForgetId());
        }

        if (Has("[XMail "))
        {
            return Taken(fields.Take(_xMail, text) && ReadXMail(fields, text));
        }

        if (Has("(ecelerity"))
        {
            return Taken(fields.Take(_ecelerityHelo, text) || fields.Take(_ecelerity, text));
        }

        return Has("Exim") ? ReadExim(fields, text)
            : Has(" (Postfix) with") ? ReadPostfix(fields, text)
            : Has("(Scalix SMTP Relay") ? Taken(fields.Take(_scalix, text))
            : Taken(Has(" (Lotus Domino ") && fields.Take(_domino, text));
    }

    private static bool ReadXMail(ReceivedFields fields, string text)
    {
        fields.Id = _xMailId.Match(text) is { Success: true } id ? id.Groups[1].Value : fields.Id;
        fields.EnvelopeFrom = _xMailFrom.Match(text) is { Success: true } from ? from.Groups[1].Value : fields.EnvelopeFrom;
        return true;
    }

    private static ReceivedOutcome ReadExim(ReceivedFields fields, string text)
    {
        if (_eximLocal.IsMatch(text))
        {
            return ReceivedOutcome.NoRelay;
        }

        if (fields.Take(_eximAddress, text) || fields.Take(_eximName, text) || fields.Take(_eximBare, text))
        {
            return ReceivedOutcome.Relay;
        }

        fields.Rdns = First(_firstWord, text) ?? fields.Rdns;
        fields.Helo = First(_parenthesised, text) ?? fields.Helo;
        fields.Ip = _bracketed.Match(text) is { Success: true } ip ? ip.Groups["ip"].Value : fields.Ip;
        if (First(_byWord, text) is { } by)
        {
            fields.By = by;
            return Taken(fields.Ip.Length > 0);
        }

        return ReceivedOutcome.Unknown;
    }

    private static ReceivedOutcome ReadPostfix(ReceivedFields fields, string text)
    {
        if (!fields.Take(_postfix, text) && !fields.Take(_postfixDense, text))
        {
            return ReceivedOutcome.Unknown;
        }

        fields.LooksUpDns = true;
        fields.Rdns = fields.Rdns == "unknown" ? "" : fields.Rdns;
        return ReceivedOutcome.Relay;
    }

    private static string? First(PerlRegex regex, string text) =>
        regex.Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    private static ReceivedOutcome Taken(bool taken) => taken ? ReceivedOutcome.Relay : ReceivedOutcome.Unknown;
}

internal enum ReceivedOutcome
{
    Unknown,
    Relay,
    NoRelay,
}
