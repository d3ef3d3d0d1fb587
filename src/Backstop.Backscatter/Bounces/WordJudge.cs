namespace Backstop.Backscatter.Bounces;

/// <summary>A decision about a kind, and what it stands on.</summary>
internal sealed record WordDecision(MailKind Kind, string Format, IReadOnlyList<string> Evidence)
{
    public static WordDecision None { get; } = new(MailKind.None, "", []);
}

/// <summary>
/// Decides by words, where structure has not. Words alone never decide: people quote bounces and write about them, so each piece of evidence
/// has a weight and only several together reach the threshold. The order of the questions is the order of the lines in <see cref="Decide"/>.
/// </summary>
internal sealed class WordJudge
{
    private const int Enough = 4;

    // An answer by machine has fewer words than a bounce; it is filed at worst, never refused.
    private const int EnoughForAutoReply = 3;

    // How far into a text its first words reach.
    private const int Opening = 100;

    private readonly BounceContent _content;
    private readonly BounceHeader _header;
    private readonly IReadOnlyList<WordingHit> _subject;
    private readonly IReadOnlyList<WordingHit> _body;

    private WordJudge(BounceContent content)
    {
        _content = content;
        _header = content.Header;
        _body = Wording.OfBody(content.Words);

        // "Re: Undeliverable" is a person's answer, unless a server wrote it, or it came where only servers write.
        _subject = _header.IsFromDaemon || _header.IsToBounceAddress || !IsReply(_header.Subject) ? _header.SubjectHits : [];
    }

    private bool IsServer => _header.NullReversePath == true || _header.IsFromDaemon;

    private bool IsAutomatic => IsServer || _header.AutoSubmitted is not ("" or "no") || _header.Precedence is "auto_reply" or "auto-reply" or "junk";

    public static WordDecision Decide(BounceContent content)
    {
        var judge = new WordJudge(content);
        return judge.Field()
            ?? judge.Complaint()
            ?? judge.Virus()
            ?? judge.Challenge()
            ?? judge.Fake()
            ?? judge.PlainBounce()
            ?? judge.AutoReply()
            ?? judge.Delay()
            ?? judge.Bounce()
            ?? WordDecision.None;
    }

    // A field that only one kind carries. An answering machine's field does not make a server's bounce an answer.
    private WordDecision? Field()
    {
        if (_header.FailedRecipients.Count > 0)
        {
            var isDelay = Sum(MailKind.Delay) > 0 && !Starts(MailKind.Bounce);
            return new(isDelay ? MailKind.Delay : MailKind.Bounce, "exim", ["carries the field X-Failed-Recipients"]);
        }

        return _header.Field is { Kind: not MailKind.AutoReply } field && !IsServer ? new(field.Kind, field.Format, [field.ToString()]) : null;
    }

    // Complaints from before RFC 5965: a subject of a known shape, and the mail that was complained about.
    private WordDecision? Complaint() =>
        Starts(MailKind.FeedbackReport) && _content.ReturnedPart is not null && (_subject[0].Format != "text" || IsAutomatic)
            ? Say(MailKind.FeedbackReport, "returns a message") : null;

    private WordDecision? Virus()
    {
        var weight = Sum(MailKind.VirusNotice);
        if (_header.IsFromScanner)
        {
            // A scanner's gateway sends ordinary bounces too: its own words go first, then those of a bounce.
            var isNotice = weight > 0 || (IsServer && !Starts(MailKind.Bounce) && !StatusWords.HasReply(_content.Words) && _content.ReturnedPart is null);
            return isNotice ? Say(MailKind.VirusNotice, "sent by a scanner") : null;
        }

        return weight >= 2 && IsAutomatic && Sum(MailKind.Bounce) <= weight ? Say(MailKind.VirusNotice, Sender()) : null;
    }

    private WordDecision? Challenge() =>
        Sum(MailKind.Challenge) >= 2 && (IsAutomatic || _header.References.Count > 0) && !Starts(MailKind.Bounce) ? Say(MailKind.Challenge, Sender()) : null;

    private WordDecision? Fake() => FakeBounce.IsFake(_content, _subject, _body) is { } why ? new(MailKind.None, BounceReport.FakeFormat, [why]) : null;

    // TMDA and others let a bounce say "auto-replied". Subject and text that both speak of a failure are no answer of a person.
    private WordDecision? PlainBounce() =>
        Starts(MailKind.Bounce) && _body.Any(h => h is { Kind: MailKind.Bounce, Weight: 2 }) && IsAutomatic && Sum(MailKind.Delay) < 2 ? Say(MailKind.Bounce, Sender()) : null;

    // RFC 3834 §5 first. A bounce without structure may carry the field too: then a mail server wrote it, and it is judged by its words.
    private WordDecision? AutoReply()
    {
        var weight = Sum(MailKind.AutoReply)
            + (_header.IsAutoReplied || _header.Field?.Kind == MailKind.AutoReply ? 3 : 0)
            + (_header.AutoSubmitted.StartsWith("auto-generated", StringComparison.Ordinal) ? 1 : 0)
            + (_header.NullReversePath == true ? 1 : 0)
            + (_header.SuppressesAnswers ? 1 : 0)
            + (_header.Precedence is "junk" or "bulk" && !_header.IsList ? 1 : 0)
            - (_header.IsList ? 1 : 0)
            - (_header.IsFromDaemon ? 2 : 0);
        var wroteItself = _header.IsFromDaemon && (Sum(MailKind.Bounce) >= 2 || StatusWords.HasReply(_content.Words));
        var saysSo = Sum(MailKind.AutoReply) > 0 || _header.IsAutoReplied || _header.Field?.Kind == MailKind.AutoReply;
        return weight < EnoughForAutoReply || wroteItself || !saysSo ? null
            : _header.IsAutoReplied ? new(MailKind.AutoReply, "rfc3834", ["Auto-Submitted says auto-replied"])
            : Say(MailKind.AutoReply, Sender());
    }

    // Trains are late too: without a server's name the subject must begin with it, and the text must say it of mail.
    private WordDecision? Delay()
    {
        var isSubject = Starts(MailKind.Delay);
        var isText = _body.Any(h => h is { Kind: MailKind.Delay, Weight: 2 });
        return (_header.IsFromDaemon && Sum(MailKind.Delay) >= 2 && (isSubject || !Starts(MailKind.Bounce))) || (isSubject && isText)
            ? Say(MailKind.Delay, Sender()) : null;
    }

    private WordDecision? Bounce()
    {
        var starts = Starts(MailKind.Bounce);
        var hasReply = StatusWords.HasReply(_content.Words);
        var returns = _content.ReturnedPart is not null
            || ((IsServer || starts) && _content.Returned is { Carrier: not "none" } back && (back.MessageId is not null || back.Received.Count > 0));
        var said = Math.Min(Sum(MailKind.Bounce), 4);
        var weight = said + (returns ? 2 : 0) + (hasReply ? 1 : 0)
            + (IsServer ? 2 : 0) + (_header.NullReversePath == true && _header.IsFromDaemon ? 1 : 0) + (_header.IsToBounceAddress ? 1 : 0)
            - (_header.IsFromPerson ? 2 : 0) - (_header.IsList && !IsServer ? 2 : 0);
        return weight >= Enough && IsPlausible(said, starts, returns, hasReply, weight)
            ? Say(MailKind.Bounce, Sender(), returns ? "returns a message" : "", hasReply ? "repeats a server's reply" : "")
            : null;
    }

    // What must be there whatever the weight, by who seems to write.
    private bool IsPlausible(int said, bool starts, bool returns, bool hasReply, int weight)
    {
        if (_header.IsFromDaemon)
        {
            return said > 0 || hasReply || (returns && !_header.IsList);
        }

        // Digests, shops and some lists send from the null reverse-path, and people write on them.
        if (IsServer || _header.IsToBounceAddress)
        {
            return said > 2 || (said > 1 && (returns || hasReply) && (starts || OpensWithFailure()));
        }

        return starts && weight > Enough && (returns || hasReply) && OpensWithFailure();
    }

    // Who forwards a bounce or asks about one says a word of his own first.
    private bool OpensWithFailure() => _body.Any(h =>
        h is { Kind: MailKind.Bounce, Weight: 2 } && _content.Words.AsSpan(0, Math.Min(_content.Words.Length, Opening + h.Words.Length)).Contains(h.Words, StringComparison.OrdinalIgnoreCase));

    // The subject and the text each count once, with the best they have: ten phrases of one template are one piece of evidence.
    private int Sum(MailKind kind) => Best(_subject, kind) + Best(_body, kind);

    private static int Best(IReadOnlyList<WordingHit> hits, MailKind kind)
    {
        var best = 0;
        foreach (var hit in hits)
        {
            best = hit.Kind == kind ? Math.Max(best, hit.Weight) : best;
        }

        return best;
    }

    private bool Starts(MailKind kind) => _subject is [{ IsStart: true } first, ..] && first.Kind == kind;

    private string Sender() => _header.NullReversePath == true ? "null reverse-path" : _header.IsFromDaemon ? "a mail server's name as sender" : "";

    // Words that are one server's own name the dialect: the text's before the subject's, the longest first. The others name only the kind.
    private WordDecision Say(MailKind kind, params string[] also)
    {
        var hits = _subject.Concat(_body).Where(h => h.Kind == kind).OrderByDescending(h => h.Weight).ToList();
        var own = hits.Where(h => h.Format != "text").OrderByDescending(h => h.Place == WordPlace.Body).ThenByDescending(h => h.Words.Length).FirstOrDefault();
        var format = own?.Format ?? (kind == MailKind.VirusNotice && _header.IsFromScanner ? "scanner" : "text");
        return new(kind, format, [.. hits.Take(2).Select(h => h.ToString()), .. also.Where(a => a.Length > 0)]);
    }

    private static bool IsReply(string subject) =>
        subject.StartsWith("Re:", StringComparison.OrdinalIgnoreCase) || subject.StartsWith("Fw", StringComparison.OrdinalIgnoreCase)
        || subject.StartsWith("AW:", StringComparison.OrdinalIgnoreCase) || subject.StartsWith("WG:", StringComparison.OrdinalIgnoreCase);
}
