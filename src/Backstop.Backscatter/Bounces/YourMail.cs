namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Whether a text speaks of its reader's own mail: <c>yours.tsv</c>. Parcels, payments and accounts are held, late and confirmed too.
/// </summary>
internal static class YourMail
{
    private static readonly PhraseIndex _phrases = new(TableFile.Read("yours.tsv").Select(r => r[1]));

    /// <summary>Whether it does.</summary>
    /// <param name="words">The text, every run of white space one space.</param>
    public static bool IsIn(string words) => _phrases.IsIn(words);
}
