namespace Backstop.Backscatter.Bounces;

/// <summary>The words of automatic mail found in a message's subject and text.</summary>
internal sealed class WordsFound
{
    // How many characters count as the beginning of a text.
    private const int Opening = 100;

    private readonly BounceContent _content;
    private bool? _saysYours;

    public WordsFound(BounceContent content)
    {
        _content = content;
        Body = Wording.OfBody(content.Words);

        // "Re: Undeliverable" is a person's reply, unless a server wrote it or it came to an address to which only
        // servers write.
        var header = content.Header;
        IsReply = SubjectPrefix.IsReplyOrForward(header.Subject);
        Subject = header.IsFromDaemon || header.IsToBounceAddress || !IsReply ? header.SubjectHits : [];
    }

    /// <summary>Whether the subject has the prefix of a person's reply or forward.</summary>
    public bool IsReply { get; }

    public IReadOnlyList<WordingHit> Subject { get; }

    public IReadOnlyList<WordingHit> Body { get; }

    /// <summary>Whether the text contains a server's reply about somebody's address.</summary>
    public bool HasReply => _content.AddressesInText.HasReply;

    /// <summary>Whether the text speaks of the reader's own message.</summary>
    public bool SaysYours => _saysYours ??= YourMail.IsIn(_content.Words);

    /// <summary>
    /// Returns the weight of the best words in the subject plus that of the best in the text: ten phrases of one
    /// template count once.
    /// </summary>
    public int Sum(MailKind kind) => (InSubject(kind)?.Weight ?? 0) + (InBody(kind)?.Weight ?? 0);

    /// <summary>Returns the subject's strongest words for a kind, or null.</summary>
    public WordingHit? InSubject(MailKind kind) => Best(Subject, kind);

    /// <summary>Returns the text's strongest words for a kind, or null.</summary>
    public WordingHit? InBody(MailKind kind) => Best(Body, kind);

    /// <summary>Whether the subject begins with words for a kind.</summary>
    public bool Starts(MailKind kind) => Subject is [{ IsStart: true } first, ..] && first.Kind == kind;

    /// <summary>
    /// Whether the text has words for a kind that are about mail and that hardly anybody but a server writes.
    /// </summary>
    public bool SaysOfMail(MailKind kind) => Body.Any(h => h.Weight == 2 && h.Kind == kind);

    /// <summary>
    /// Whether the text begins with a failure. A person who forwards a bounce or asks about one begins with other
    /// words.
    /// </summary>
    public bool OpensWithFailure() => Body.Any(h => h is { Kind: MailKind.Bounce, Weight: 2 }
        && _content.Words.AsSpan(
        0, Math.Min(_content.Words.Length, Opening + h.Words.Length)).Contains(h.Words, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Returns the dialect: words that only one server uses determine it; words in the text before those in the
    /// subject, longer ones first.
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
