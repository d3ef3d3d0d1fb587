using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>Sets of octets as Perl's <c>/aa</c> means them.</summary>
internal static class PerlSets
{
    // A-Z and a-z within 0x40-0x7F; 0xC0-0xDE and 0xE0-0xFE, but 0xD7 and 0xF7, within 0xC0-0xFF.
    private const ulong AsciiLetters = 0x07FF_FFFE_07FF_FFFE;
    private const ulong LatinLetters = 0x7F7F_FFFF_7F7F_FFFF;

    public static ByteSet Digit { get; } = ByteSet.Range('0', '9');

    public static ByteSet Space { get; } = ByteSet.Of(' ') | ByteSet.Range('\t', '\r');

    /// <summary>Whether a letter has another case, 32 from it.</summary>
    public static bool HasCase(int octet) => IgnoringCase(ByteSet.Of(octet)).Count == 2;

    /// <summary>
    /// With the other case of every letter. Above ASCII Perl's <c>/aa</c> folds by Unicode, so 0xC0-0xDE go with 0xE0-0xFE
    /// (not the two that are not letters), even where the octets are half of a UTF-8 character.
    /// </summary>
    public static ByteSet IgnoringCase(this ByteSet set)
    {
        // The cases of a letter are 32 apart, which is a shift within the word that holds both.
        var ascii = set.B & AsciiLetters;
        var latin = set.D & LatinLetters;
        return set with { B = set.B | (ascii << 32) | (ascii >> 32), D = set.D | (latin << 32) | (latin >> 32) };
    }
}
