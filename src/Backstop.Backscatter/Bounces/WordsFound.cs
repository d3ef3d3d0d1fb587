namespace Backstop.Backscatter.Bounces;

/// <summary>The words of automatic mail that a message's subject and text have.</summary>
internal sealed class WordsFound
{
    // How far into a text its first words reach.
    private const int Opening = 100;

    private readonly BounceContent _content;
    private bool? _saysYours;

    public WordsFound(BounceContent content)
    {
        _content = content;
        Body = Wording.OfBody(content.Words);

        // "Re: Undeliverable" is a person's answer, unless a server wrote it, or it came where only servers write.
        var header = content.Header;
        IsReply = SubjectPrefix.IsReplyOrForward(header.Subject);
        Subject = header.IsFromDaemon || header.IsToBounceAddress || !IsReply ? header.SubjectHits : [];
    }

    /// <summary>Whether the subject has the prefix of a person's answer or forward.</summary>
    public bool IsReply { get; }

    public IReadOnlyList<WordingHit> Subject { get; }

    public IReadOnlyList<WordingHit> Body { get; }

    /// <summary>Whether the text repeats a server's reply to somebody's address.</summary>
    public bool HasReply => _content.AddressesInText.HasReply;

    /// <summary>Whether the text speaks of the reader's own message.</summary>
    public bool SaysYours => _saysYours ??= YourMail.IsIn(_content.Words);

    /// <summary>
    /// The weight of the best of the subject and of the best of the text: ten phrases of one template are one piece of evidence.
    /// </summary>
    public int Sum(MailKind kind) => (InSubject(kind)?.Weight ?? 0) + (InBody(kind)?.Weight ?? 0);

    /// <summary>The subject's strongest words of a kind, or null.</summary>
    public WordingHit? InSubject(MailKind kind) => Best(Subject, kind);

    /// <summary>The text's strongest words of a kind, or null.</summary>
    public WordingHit? InBody(MailKind kind) => Best(Body, kind);

    /// <summary>Whether the subject begins with words of a kind.</summary>
    public bool Starts(MailKind kind) => Subject is [{ IsStart: true } first, ..] && first.Kind == kind;

    /// <summary>Whether the text says it of mail in words that hardly anybody but a server writes.</summary>
    public bool SaysOfMail(MailKind kind) => Body.Any(h => h.Weight == 2 && h.Kind == kind);

    /// <summary>Whether the text begins with a failure. Who forwards a bounce or asks about one says a word of his own first.</summary>
    public bool OpensWithFailure() => Body.Any(h => h is { Kind: MailKind.Bounce, Weight: 2 }
        && _content.Words.AsSpan(
        0, Math.Min(_content.Words.Length, Opening + h.Words.Length)).Contains(h.Words, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whose words they are: words that are one server's own name the dialect, the text's before the subject's, the longest first.
    /// </summary>
    public string FormatOf(MailKind kind) => Subject.Concat(Body).Where(h => h.Kind == kind && h.Format != "text")
        .OrderByDescending(h => h.Weight).ThenByDescending(h => h.Place == WordPlace.Body).ThenByDescending(h => h.Words.Length)
        .FirstOrDefault()?.Format
        ?? "text";

    /// <summary>Whether subject and text both have words of one program.</summary>
    public bool IsOfFormat(MailKind kind, string format) =>
        Subject.Any(h => h.Kind == kind && h.Format == format) && Body.Any(h => h.Kind == kind && h.Format == format);

    private static WordingHit? Best(IReadOnlyList<WordingHit> hits, MailKind kind)
    {
        WordingHit? best = null;
        foreach (var hit in hits)
        {
            best = hit.Kind == kind && hit.Weight > (best?.Weight ?? 0) ? hit : best;
        }

        return best;
    }
}
