namespace Backstop.Backscatter.Bounces;

/// <summary>The meaning of words: a row of <c>reasons.tsv</c>.</summary>
internal sealed class ReasonPhrase
{
    private readonly bool _mayFollow;
    private readonly bool _mayGoOn;

    /// <summary>Makes a phrase from a row.</summary>
    /// <param name="reason">Their meaning.</param>
    /// <param name="words">The words; a star at their start or end lets them be part of a longer word or of a host's
    /// name.</param>
    /// <param name="isStrong">Whether they take precedence over any code; otherwise they only explain a vague
    /// code.</param>
    /// <param name="code">The only code with which they count, such as <c>x.4.1</c>; null for any.</param>
    public ReasonPhrase(BounceReason reason, string words, bool isStrong, string? code)
    {
        (Reason, IsStrong, Code, Words) = (reason, isStrong, code, words.Trim('*'));
        _mayFollow = words[0] == '*' || !char.IsAsciiLetterOrDigit(Words[0]);
        _mayGoOn = words[^1] == '*' || !char.IsAsciiLetterOrDigit(Words[^1]);
    }

    public BounceReason Reason { get; }

    public string Words { get; }

    public bool IsStrong { get; }

    public string? Code { get; }

    /// <summary>
    /// Whether they count in a report's own text, which also mentions scans, attachments and terms of use that were not
    /// the reason.
    /// </summary>
    public bool IsForReports =>
        IsStrong
            || Reason is BounceReason.MailboxUnknown or BounceReason.MailboxDisabled or BounceReason.Dns or BounceReason.Network
                or BounceReason.Expired;

    /// <summary>
    /// Whether the words stand here as separate words: neither "spamd" nor the host mx.spam.example contains "spam".
    /// </summary>
    /// <param name="text">The text that was searched.</param>
    /// <param name="at">The offset of the words.</param>
    public bool IsAt(ReadOnlySpan<char> text, int at) =>
        text[at..].StartsWith(Words, StringComparison.OrdinalIgnoreCase)
        && (_mayFollow || at == 0 || !(char.IsLetterOrDigit(text[at - 1]) || IsInName(text[at - 1])))
        && (_mayGoOn || !GoesOn(text[(at + Words.Length)..]));

    private static bool GoesOn(ReadOnlySpan<char> rest) => rest switch
    {
        [] => false,
        [var c, ..] when char.IsLetterOrDigit(c) => true,
        [var c, var d, ..] => IsInName(c) && char.IsLetterOrDigit(d),
        _ => false,
    };

    private static bool IsInName(char c) => c is '.' or '-' or '_' or '@' or '/' or '=';
}
