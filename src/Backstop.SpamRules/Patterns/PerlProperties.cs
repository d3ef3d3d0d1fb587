using System.Globalization;
using System.Text;
using Backstop.Automata;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Unicode properties (<c>\p{Lu}</c>). An octet is the character U+0000-U+00FF then, also under <c>/aa</c> (perlre): half a character of
/// UTF-8 is what stands there in Latin-1.
/// </summary>
internal static class PerlProperties
{
    private static readonly Dictionary<string, Func<char, bool>> _known = new(StringComparer.Ordinal)
    {
        ["any"] = static _ => true,
        ["all"] = static _ => true,
        ["unicode"] = static _ => true,
        ["assigned"] = static _ => true,
        ["ascii"] = static c => c < 0x80,
        ["basiclatin"] = static c => c < 0x80,
        ["latin1"] = static c => c >= 0x80,
        ["latin1supplement"] = static c => c >= 0x80,
        ["alphabetic"] = IsAlphabetic,
        ["alpha"] = IsAlphabetic,
        ["uppercase"] = char.IsUpper,
        ["upper"] = char.IsUpper,
        ["lowercase"] = IsLower,
        ["lower"] = IsLower,
        ["cased"] = static c => char.IsUpper(c) || IsLower(c),
        ["alnum"] = static c => IsAlphabetic(c) || char.IsDigit(c),
        ["word"] = static c => IsAlphabetic(c) || char.IsDigit(c) || c == '_',
        ["space"] = IsSpace,
        ["spaceperl"] = IsSpace,
        ["whitespace"] = IsSpace,
        ["wspace"] = IsSpace,
        ["blank"] = static c => c is '\t' or ' ' or '\u00a0',
        ["horizspace"] = static c => c is '\t' or ' ' or '\u00a0',
        ["vertspace"] = static c => c is (>= '\n' and <= '\r') or '\u0085',
        ["cntrl"] = char.IsControl,
        ["graph"] = static c => !char.IsControl(c) && !IsSpace(c),
        ["print"] = static c => !char.IsControl(c),
        ["punct"] = char.IsPunctuation,
        ["xposixpunct"] = static c => char.IsPunctuation(c) || (c < 0x80 && char.IsSymbol(c)),
        ["xdigit"] = char.IsAsciiHexDigit,
        ["hexdigit"] = char.IsAsciiHexDigit,
        ["hex"] = char.IsAsciiHexDigit,
        ["ahex"] = char.IsAsciiHexDigit,
        ["asciihexdigit"] = char.IsAsciiHexDigit,
        ["latin"] = IsLatin,
        ["latn"] = IsLatin,
        ["common"] = static c => !IsLatin(c),
        ["zyyy"] = static c => !IsLatin(c),
    };

    /// <summary>Scripts of which no character is below U+0100.</summary>
    private static readonly HashSet<string> _otherScripts = new(StringComparer.Ordinal)
    {
        "arabic", "armenian", "bengali", "bopomofo", "cherokee", "coptic", "cyrillic", "devanagari", "ethiopic", "georgian", "greek",
        "gujarati", "gurmukhi", "han", "hangul", "hebrew", "hiragana", "inherited", "kannada", "katakana", "khmer", "lao", "malayalam",
        "mongolian", "myanmar", "oriya", "runic", "sinhala", "syriac", "tamil", "telugu", "thaana", "thai", "tibetan", "yi",
        "cyrl", "grek", "hani", "hang", "hebr", "hira", "kana", "arab", "armn", "thaa",
    };

    private static readonly string[] _categories =
    [
        "Lu UppercaseLetter", "Ll LowercaseLetter", "Lt TitlecaseLetter", "Lm ModifierLetter", "Lo OtherLetter", "Mn NonspacingMark",
        "Mc SpacingMark", "Me EnclosingMark", "Nd DecimalNumber", "Nl LetterNumber", "No OtherNumber", "Zs SpaceSeparator",
        "Zl LineSeparator", "Zp ParagraphSeparator", "Cc Control", "Cf Format", "Cs Surrogate", "Co PrivateUse", "Pc ConnectorPunctuation",
        "Pd DashPunctuation", "Ps OpenPunctuation", "Pe ClosePunctuation", "Pi InitialPunctuation", "Pf FinalPunctuation",
        "Po OtherPunctuation", "Sm MathSymbol", "Sc CurrencySymbol", "Sk ModifierSymbol", "So OtherSymbol", "Cn Unassigned",
    ];

    private static readonly Dictionary<string, string> _families = new(StringComparer.Ordinal)
    {
        ["letter"] = "L",
        ["mark"] = "M",
        ["number"] = "N",
        ["separator"] = "Z",
        ["other"] = "C",
        ["punctuation"] = "P",
        ["symbol"] = "S",
        ["l"] = "L",
        ["m"] = "M",
        ["n"] = "N",
        ["z"] = "Z",
        ["c"] = "C",
        ["p"] = "P",
        ["s"] = "S",
    };

    /// <summary>Reads what follows <c>\p</c> or <c>\P</c>; <paramref name="at"/> stands behind the letter.</summary>
    /// <exception cref="PatternException">There is no such property, or we do not know it.</exception>
    public static ByteSet Read(string text, ref int at, bool isNegated, bool ignoreCase)
    {
        if (at >= text.Length)
        {
            throw new PatternException("\\p without a property");
        }

        var name = text[at].ToString();
        var close = at + 1;
        if (text[at] == '{')
        {
            close = text.IndexOf('}', at);
            name = close < 0 ? throw new PatternException("\\p{ without end") : text[(at + 1)..close].Trim();
            close++;
        }

        at = close;
        if (name.StartsWith('^'))
        {
            (name, isNegated) = (name[1..], !isNegated);
        }

        var holds = Find(name, ignoreCase) ?? throw new PatternException($"\\p{{{name}}} is not a known Unicode property");
        var set = default(ByteSet);
        for (var i = 0; i < 256; i++)
        {
            set |= holds((char)i) ? ByteSet.Of(i) : default;
        }

        return isNegated ? ~set : set;
    }

    private static Func<char, bool>? Find(string name, bool ignoreCase)
    {
        var isPosix = false;
        var text = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            _ = c is ' ' or '_' or '-' or '\t' ? text : text.Append(char.ToLowerInvariant(c));
        }

        var word = text.ToString();
        var value = word.LastIndexOfAny(['=', ':']);
        var kind = value < 0 ? "" : word[..value];
        word = word[(value + 1)..];
        if (value < 0 && word.StartsWith("is", StringComparison.Ordinal) && word.Length > 2)
        {
            word = word[2..];
        }

        if (value < 0 && word.StartsWith("xposix", StringComparison.Ordinal) && word != "xposixpunct")
        {
            word = word[6..];
        }
        else if (value < 0 && word.StartsWith("posix", StringComparison.Ordinal))
        {
            (word, isPosix) = (word[5..] == "punct" ? "xposixpunct" : word[5..], true);
        }

        if (kind is not ("" or "gc" or "generalcategory" or "category"
            or "script" or "sc" or "scx" or "scriptextensions" or "block" or "blk"))
        {
            return null;
        }

        var found = Category(word, ignoreCase) ?? Property(word, ignoreCase)
            ?? (_otherScripts.Contains(word) ? static _ => false : null);
        return found is not null && isPosix ? c => c < 0x80 && found(c) : found;
    }

    private static Func<char, bool>? Property(string word, bool ignoreCase) =>
        _known.GetValueOrDefault(ignoreCase && word is "upper" or "lower" or "uppercase" or "lowercase" or "titlecase" ? "cased" : word);

    private static Func<char, bool>? Category(string word, bool ignoreCase)
    {
        if (word is "l&" or "lc" or "casedletter" || (ignoreCase && word is "lu" or "ll" or "lt" or "uppercaseletter" or "lowercaseletter"))
        {
            return static c => char.GetUnicodeCategory(c) <= UnicodeCategory.TitlecaseLetter;
        }

        if (_families.TryGetValue(word, out var family))
        {
            return c => Short(c).StartsWith(family, StringComparison.Ordinal);
        }

        var entry = Array.Find(_categories, e => e.Split(' ').Any(n => string.Equals(n, word, StringComparison.OrdinalIgnoreCase)));
        return entry is null ? word is "digit" ? char.IsDigit : null : c => Short(c) == entry[..2];
    }

    // In the order of UnicodeCategory, as are the names above.
    private static string Short(char c) => _categories[(int)CharUnicodeInfo.GetUnicodeCategory((int)c)][..2];

    private static bool IsAlphabetic(char c) => char.IsLetter(c);

    private static bool IsLower(char c) => char.IsLower(c) || c is '\u00aa' or '\u00ba';

    private static bool IsSpace(char c) => c is (>= '\t' and <= '\r') or ' ' or '\u0085' or '\u00a0';

    private static bool IsLatin(char c) => char.IsLetter(c) && c != '\u00b5';
}
