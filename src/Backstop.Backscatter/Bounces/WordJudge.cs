namespace Backstop.Backscatter.Bounces;

/// <summary>Decides by words, where structure has not. Words alone never decide: people quote bounces and write about them.</summary>
internal static class WordJudge
{
    public static WordingHit? Decide(BounceHeader header, string human)
    {
        if (header.FailedRecipients.Count > 0)
        {
            // Exim's own field. Its warnings carry it too.
            var words = Subject(header);
            return words?.Kind == MailKind.Delay ? words : new(MailKind.Bounce, "exim");
        }

        var isNull = header.NullReversePath == true;
        var isDaemon = isNull || header.IsFromDaemon;
        var isAutomatic = isDaemon || header.HasAutoReplyField || header.AutoSubmitted is not ("" or "no");
        if (header.IsList && !isDaemon)
        {
            return null;
        }

        var hits = Hits(header, human);
        return Of(hits, MailKind.VirusNotice, isAutomatic)
            ?? Of(hits, MailKind.Challenge, isAutomatic || header.References.Count > 0)
            ?? AutoReply(header, hits, isNull)
            ?? Of(hits, MailKind.Delay, isDaemon)
            ?? Of(hits, MailKind.Bounce, isDaemon);
    }

    // RFC 3834 §5. A bounce without structure may carry the field too: then a mail server wrote it, and it is judged by its words.
    private static WordingHit? AutoReply(BounceHeader header, IReadOnlyList<WordingHit> hits, bool isNull)
    {
        var saysSo = header.AutoSubmitted.StartsWith("auto-replied", StringComparison.Ordinal) || header.HasAutoReplyField;
        var wroteItself = header.IsFromDaemon && Of(hits, MailKind.Bounce, true) is not null;
        if (saysSo && !wroteItself)
        {
            return new(MailKind.AutoReply, "rfc3834");
        }

        return Wording.SubjectStart.AtStart(header.Subject) is { Kind: MailKind.AutoReply } hit ? hit
            : isNull && !header.IsFromDaemon ? Of(hits, MailKind.AutoReply, true) : null;
    }

    // Words that are one server's own name the dialect; the others only the kind.
    private static WordingHit? Of(IReadOnlyList<WordingHit> hits, MailKind kind, bool may) =>
        may ? hits.FirstOrDefault(h => h.Kind == kind && h.Format != "text") ?? hits.FirstOrDefault(h => h.Kind == kind) : null;

    private static WordingHit? Subject(BounceHeader header) =>
        Wording.SubjectStart.AtStart(header.Subject) ?? (Wording.Subject.Find(header.Subject) is [var first, ..] ? first : null);

    private static IReadOnlyList<WordingHit> Hits(BounceHeader header, string human)
    {
        var body = Wording.Body.Find(human);
        return Subject(header) is { } subject ? [subject, .. body] : body;
    }
}
