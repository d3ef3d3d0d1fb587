using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Relays;

/// <summary>Reads one Received field (SpamAssassin's Message/Metadata/Received.pm, parse_received_line).</summary>
internal static class ReceivedParser
{
    private const string HeloCharacters = @"-A-Za-z0-9.^+_&:=?!@%*$\\/";

    private static readonly PerlRegex _bareWord = new(@"^from (\S+) by [^\s;]+ ?;", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _literal = new(@"^\[[\d.]+\]$");
    private static readonly PerlRegex _date = new(
        @"[\s;]+(?:(?:Mon|T(?:ue|hu)|Wed|Fri|S(?:at|un)), )?\d+ "
            + @"(?:J(?:an|u[nl])|Feb|Ma[ry]|A(?:pr|ug)|Sep|Oct|Nov|Dec) \d+ \d+:\d+(?::\d+)? \S+$");

    private static readonly PerlRegex _localFor = new(@"\bwith local for\b");
    private static readonly PerlRegex _heloEquals = new(@"\bhelo=([" + HeloCharacters + @"]+)(?:[^\n" + HeloCharacters[1..] + @"-]|$)");
    private static readonly PerlRegex _heloWord = new(
        @"\b(?:HELO|EHLO) ([" + HeloCharacters + @"]+)(?:[^\n" + HeloCharacters[1..] + @"-]|$)");
    private static readonly PerlRegex _sender = new(@"(?:return-path:? |envelope-(?:sender|from)[ =])(\S+)\b", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _hotmail = new(@"by (\S+\.hotmail\.msn\.com) ");
    private static readonly PerlRegex _leadingIp = ReceivedForm.Compile(@"^{ip} ");
    private static readonly PerlRegex _qmailBy = new(@" by \S+ \(qmail-\S+\) with ");
    private static readonly PerlRegex _identPrefix = new(@"^(?:IDENT:)?([^@]*)@");
    private static readonly PerlRegex _fetcher = new(@"with (?:POP3|IMAP)");
    private static readonly PerlRegex _batch = new(@"^\S+ by \S+ with BSMTP");
    private static readonly PerlRegex _contentTechnologies = new(@"^\S+ \(\S+\) by \S+ \(Content Technologies ");
    private static readonly PerlRegex _helo = new(@"^(\S+)[^-A-Za-z0-9.]");
    private static readonly PerlRegex _shouted = ReceivedForm.Compile(
        @"^{helo} \({rdns} \[{ip}\]\) BY (?<by>\S+) (?:\([^)]+\) WITH SMTP )?ID <?(?<id>\S+?)>?(?: FOR <[^>]+>)?$");

    private static readonly PerlRegex _interScan = ReceivedForm.Compile(@"^(?<helo>\S*) \[{ip}\]\) {by} \(NAVGW .*?\) with ");
    private static readonly PerlRegex _parenthesisedLocal = new(
        @"^\S+@localhost\) by \S+ |^[^\s@]+@[^)]+\) by \S+\(jqueuemail\) id [^\s;]+");
    private static readonly PerlRegex _anyBracketed = ReceivedForm.Compile(@"\[{ip}\]");

    /// <summary>The relay, or the reason why there is none. A field of qmail-scanner gives its sender to the field below.</summary>
    public static ReceivedLine Parse(string field)
    {
        var text = ReceivedText.Clean(field);
        if (!text.StartsWith("from ", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("(from ", StringComparison.OrdinalIgnoreCase))
        {
            return ReceivedLine.None;
        }

        if (_localFor.IsMatch(text) || (_bareWord.Match(text) is { Success: true } bare && !_literal.IsMatch(bare.Groups[1].Value)))
        {
            return ReceivedLine.None;
        }

        text = _date.Replace(text, "");
        var gap = text.IndexOf(")by ", StringComparison.Ordinal);
        text = gap < 0 ? text : text.Insert(gap + 1, " ");
        var fields = Prepare(text);
        var outcome = text switch
        {
            _ when text.StartsWith("from ", StringComparison.Ordinal) => ReadFrom(fields, text[5..]),
            _ when text.StartsWith("FROM ", StringComparison.Ordinal) => ReadShouted(fields, text[5..]),
            _ when text.StartsWith("(from ", StringComparison.Ordinal) => ReadParenthesised(fields, text[6..]),
            _ => new ReceivedLine(ReceivedOutcome.Unknown, null),
        };
        if (outcome.Outcome != ReceivedOutcome.Unknown)
        {
            return outcome;
        }

        fields.Ip = fields.Ip.Length == 0 && _anyBracketed.Match(text) is { Success: true } any ? any.Groups["ip"].Value : fields.Ip;
        return fields.Ip.Length > 0 && fields.By.Length > 0 ? ReceivedLine.Of(fields) : new ReceivedLine(ReceivedOutcome.Unknown, null);
    }

    private static ReceivedFields Prepare(string text)
    {
        var fields = new ReceivedFields { Auth = ReceivedAuth.Find(text) };
        fields.Id = ReceivedText.Id(text);
        fields.Helo = First(_heloEquals, text) ?? First(_heloWord, text) ?? "";
        fields.By = ReceivedText.WordBehind(text, " by ");
        return fields;
    }

    private static ReceivedLine ReadFrom(ReceivedFields fields, string text)
    {
        fields.EnvelopeFrom = First(_sender, text);
        var known = KnownServers.Read(fields, text);
        if (known != ReceivedOutcome.Unknown)
        {
            return known == ReceivedOutcome.Relay ? ReceivedLine.Of(fields) : ReceivedLine.None;
        }

        if (TakeSendmailLike(fields, text) || TakeFirst(fields, ReceivedForms.BeforeQmail, text) || TakeHotmail(fields, text)
            || TakeFirst(
            fields, ReceivedForms.BeforeQmailToo, text) || TakeQmail(fields, text) || TakeFirst(fields, ReceivedForms.AfterQmail, text))
        {
            return ReceivedLine.Of(fields);
        }

        if (_fetcher.IsMatch(text))
        {
            return ReceivedLine.Fetched;
        }

        if (TakeFirst(fields, ReceivedForms.Last, text))
        {
            return ReceivedLine.Of(fields);
        }

        if (_batch.IsMatch(text))
        {
            return ReceivedLine.None;
        }

        if (TakeFirst(fields, ReceivedForms.AfterBatch, text))
        {
            return ReceivedLine.Of(fields);
        }

        if (_contentTechnologies.IsMatch(text))
        {
            return ReceivedLine.None;
        }

        return TakeFirst(fields, ReceivedForms.AtLast, text) ? ReceivedLine.Of(fields) : ReadNoRelay(fields, text);
    }

    private static ReceivedLine ReadNoRelay(ReceivedFields fields, string text)
    {
        if (ReceivedForms.NoRelay.Any(form => form.IsMatch(text)))
        {
            return ReceivedLine.None;
        }

        if (ReceivedForms.QmailScanner.IsMatch(text))
        {
            return new ReceivedLine(ReceivedOutcome.NoRelay, null) { ScannerSender = ReceivedFields.CleanSender(fields.EnvelopeFrom) };
        }

        if (ReceivedForms.NoRelayToo.Any(form => form.IsMatch(text)))
        {
            return ReceivedLine.None;
        }

        fields.Helo = fields.Helo.Length == 0 ? First(_helo, text) ?? "" : fields.Helo;
        return new ReceivedLine(ReceivedOutcome.Unknown, null);
    }

    private static bool TakeSendmailLike(ReceivedFields fields, string text)
    {
        if (_qmailBy.IsMatch(text) || !fields.Take(ReceivedForms.SendmailLike, text))
        {
            return false;
        }

        if (_identPrefix.Match(fields.Rdns) is { Success: true } ident)
        {
            fields.Ident = ident.Groups[1].Value;
            fields.Rdns = fields.Rdns[ident.Length..];
        }

        return true;
    }

    private static bool TakeHotmail(ReceivedFields fields, string text)
    {
        if (First(_hotmail, text) is not { } by)
        {
            return false;
        }

        fields.By = by;
        fields.Ip = _leadingIp.Match(text) is { Success: true } ip ? ip.Groups["ip"].Value : fields.Ip;
        return true;
    }

    private static bool TakeQmail(ReceivedFields fields, string text)
    {
        if (!ReceivedForms.QmailShape.IsMatch(text))
        {
            return false;
        }

        TakeFirst(fields, ReceivedForms.Qmail, text);
        fields.LooksUpDns |= fields.Rdns != "unknown";
        fields.Rdns = fields.Rdns == "unknown" ? "" : fields.Rdns;
        return true;
    }

    private static ReceivedLine ReadShouted(ReceivedFields fields, string text)
    {
        if (_shouted.Match(text) is not { Success: true } match || !fields.Take(_shouted, text))
        {
            return new ReceivedLine(ReceivedOutcome.Unknown, null);
        }

        fields.LooksUpDns = true;
        fields.Id = match.Groups["id"].Value;
        fields.Rdns = fields.Rdns == "unverified" ? "" : fields.Rdns;
        return ReceivedLine.Of(fields);
    }

    private static ReceivedLine ReadParenthesised(ReceivedFields fields, string text) =>
        fields.Take(_interScan, text) ? ReceivedLine.Of(fields)
        : _parenthesisedLocal.IsMatch(text) ? ReceivedLine.None
        : new ReceivedLine(ReceivedOutcome.Unknown, null);

    private static bool TakeFirst(ReceivedFields fields, IReadOnlyList<ReceivedForm> forms, string text)
    {
        foreach (var form in forms)
        {
            if (fields.Take(form, text))
            {
                return true;
            }
        }

        return false;
    }

    private static string? First(PerlRegex regex, string text) =>
        regex.Match(text) is { Success: true } match ? match.Groups[1].Value : null;
}

/// <summary>The result of reading one Received field.</summary>
internal sealed record ReceivedLine(ReceivedOutcome Outcome, Relay? Relay)
{
    public static ReceivedLine None { get; } = new(ReceivedOutcome.NoRelay, null);

    /// <summary>A mail fetcher wrote the field: the fields above it do not belong to the message's route.</summary>
    public static ReceivedLine Fetched { get; } = new(ReceivedOutcome.NoRelay, null) { IsFetcher = true };

    public bool IsFetcher { get; private init; }

    public string? ScannerSender { get; init; }

    public static ReceivedLine Of(ReceivedFields fields) => new(ReceivedOutcome.Relay, fields.ToRelay());
}
