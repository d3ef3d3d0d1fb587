namespace Backstop.Backscatter.Bounces;

/// <summary>The reasons that codes and words mean: <c>reasons.tsv</c>.</summary>
internal static class ReasonTable
{
    private static readonly List<string[]> _rows = TableFile.Read("reasons.tsv");
    private static readonly HashSet<BounceReason> _soft = [.. Rows("reason").Where(r => r[2] == "soft").Select(Reason)];
    private static readonly Dictionary<string, ReasonCode> _codes = Rows("code")
        .ToDictionary(r => r[3], r => new ReasonCode(Reason(r), r[2] == "firm"), StringComparer.Ordinal);
    private static readonly ReasonPhrase[] _phrases = [
        .. Rows("words").Select(r => new ReasonPhrase(Reason(r), r[3], r[2] == "strong", r.Length > 4 ? r[4] : null))];
    private static readonly PhraseIndex _index = new(_phrases.Select(p => p.Words));

    /// <summary>The codes, as written in the table.</summary>
    public static IReadOnlyDictionary<string, ReasonCode> Codes => _codes;

    /// <summary>The words, the most specific first.</summary>
    public static IReadOnlyList<ReasonPhrase> Phrases => _phrases;

    /// <summary>Whether a failure for that reason is soft whatever the code.</summary>
    public static bool IsAlwaysSoft(BounceReason reason) => _soft.Contains(reason);

    /// <summary>Returns the meaning of a code.</summary>
    /// <param name="status">An enhanced status code; other text gives no reason.</param>
    public static ReasonCode OfCode(string? status)
    {
        if (status is not ['4' or '5', '.', _, '.', _, ..])
        {
            return default;
        }

        return _codes.TryGetValue(AnyClass(status)!, out var code) ? code : _codes.GetValueOrDefault($"x.{status[2]}.*");
    }

    /// <summary>Returns the first row whose words are in a text, or null.</summary>
    /// <param name="text">A reply, or a report's text.</param>
    /// <param name="status">The status code next to it, or null.</param>
    /// <param name="counts">Decides which rows are considered.</param>
    public static ReasonPhrase? Find(ReadOnlySpan<char> text, string? status, Func<ReasonPhrase, bool> counts)
    {
        var best = _phrases.Length;
        using var places = _index.In(text);
        while (places.Next())
        {
            var phrase = _phrases[places.Phrase];
            if (places.Phrase < best && phrase.IsAt(text, places.At) && counts(phrase)
                && (phrase.Code is null || phrase.Code == AnyClass(status)))
            {
                best = places.Phrase;
            }
        }

        return best < _phrases.Length ? _phrases[best] : null;
    }

    private static string? AnyClass(string? status) => status is null ? null : string.Concat("x", status.AsSpan(1));

    private static BounceReason Reason(string[] row) => BounceReasonWord.Parse(row[1])!.Value;

    private static IEnumerable<string[]> Rows(string kind) => _rows.Where(r => r[0] == kind);
}
