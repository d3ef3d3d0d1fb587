namespace Backstop.SpamRules.Learning;

/// <summary>
/// English words that say nothing of either kind, in any case of letters (60_bayes_stopwords.cf of SpamAssassin 4.0.1).
/// </summary>
internal static class StopWords
{
    private const int Longest = 11;

    private static readonly HashSet<UInt128> _words = [.. (
        "able already all and any are because both can come each email even few first from for give have has http "
        + "information into it's just know like long look made mailing mailto mail make many more most much need not "
        + "now number off only one out own people place right same see such that this through the time using web "
        + "where why without with work world years year you're your you")
        .Split(' ').Select(w => Packed([.. w.Select(c => (byte)c)]))];

    public static bool Contains(ReadOnlySpan<byte> word) => word.Length <= Longest && _words.Contains(Packed(word));

    // A word of that length in one number, its letters in lower case.
    private static UInt128 Packed(ReadOnlySpan<byte> word)
    {
        UInt128 packed = 0;
        foreach (var octet in word)
        {
            packed = (packed << 8) | (octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet);
        }

        return packed;
    }
}
