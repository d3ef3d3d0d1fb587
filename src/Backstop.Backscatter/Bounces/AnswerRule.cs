namespace Backstop.Backscatter.Bounces;

/// <summary>
/// RFC 3834 §2: decides by the header which mail a program must not answer, because two programs that answer each other
/// never stop.
/// </summary>
internal static class AnswerRule
{
    // Compared by their beginnings: servers append words and comments.
    private static readonly string[] _precedences = ["bulk", "list", "junk", "auto"];
    private static readonly string[] _suppressed = ["all", "autoreply", "oof"];
    private static readonly string[] _listEnds = ["-request", "-owner", "-bounces"];

    /// <summary>Whether a program may answer mail with this header, provided the mail itself is not automatic.</summary>
    public static bool MayAnswer(BounceHeader header) =>
        header.NullReversePath != true
        && !header.IsFromDaemon && !IsListServer(header.ReturnPath ?? header.From)
        && IsNo(header.AutoSubmitted)
        && !Array.Exists(_precedences, p => header.Precedence.StartsWith(p, StringComparison.Ordinal))
        && !header.HasListField && !header.IsListAdministrivia
        && !Array.Exists(_suppressed, s => header.SuppressedAnswers.Contains(s, StringComparison.OrdinalIgnoreCase));

    // RFC 3834 §5: a keyword, then parameters or a comment.
    private static bool IsNo(string autoSubmitted) =>
        autoSubmitted.AsSpan(0, autoSubmitted.AsSpan().IndexOfAny(";( \t") is >= 0 and var end ? end : autoSubmitted.Length) is "" or "no";

    // RFC 3834 §2: owner-NAME and NAME-request are addresses of lists; a program reads what is sent to them.
    private static bool IsListServer(string? address)
    {
        var local = address?[..Math.Max(0, address.LastIndexOf('@'))] ?? "";
        return local.StartsWith("owner-", StringComparison.OrdinalIgnoreCase)
            || Array.Exists(_listEnds, e => local.EndsWith(e, StringComparison.OrdinalIgnoreCase));
    }
}
