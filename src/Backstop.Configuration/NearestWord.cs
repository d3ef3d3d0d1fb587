namespace Backstop.Configuration;

/// <summary>What somebody may have meant who mistyped a word.</summary>
internal static class NearestWord
{
    /// <summary>Returns the known word that is nearest to a mistyped one; null where none is near enough to be meant.</summary>
    /// <param name="word">The mistyped word.</param>
    /// <param name="known">The words to choose from.</param>
    public static string? To(string word, IReadOnlyList<string> known) =>
        known.Select(k => (Word: k, Edits: Distance(k, word))).OrderBy(k => k.Edits).FirstOrDefault() is { Word: { } near } first
            && first.Edits <= Math.Max(2, word.Length / 3) && first.Edits < near.Length
            ? near
            : null;

    // The Levenshtein distance.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (row[j], diagonal) = (Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)), row[j]);
            }
        }

        return row[^1];
    }
}
