namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Recognises texts about the reader's own mail: <c>yours.tsv</c>. Parcels, payments and accounts are held, late and
/// confirmed too.
/// </summary>
internal static class YourMail
{
    private static readonly PhraseIndex _phrases = new(TableFile.Read("yours.tsv").Select(r => r[1]));

    /// <summary>Whether the text is about the reader's own mail.</summary>
    /// <param name="words">The text with single spaces for white space.</param>
    public static bool IsIn(string words) => _phrases.IsIn(words);
}
