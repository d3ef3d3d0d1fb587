using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>
/// Octets of a declared charset to Unicode, in SpamAssassin's order (Message/Node.pm, _normalize): what is plain ASCII stays,
/// UTF-8 wins when it is valid, then the declared charset, and last Windows-1252, which reads everything.
/// </summary>
internal static class Charsets
{
    private static readonly PerlRegex _asciiName = new(
        "^(?:(?:US-)?ASCII|ANSI[_ ]?X3\\.4-(?:1986|1968)|ISO646-US)\\z", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _extendedName = new(
        "^(?:ISO[ -]?8859(?:-\\d{1,2})?|Windows-\\d{4}|UTF-?8|(KOI8|EUC)-[A-Z]{1,2}|Big5|GBK|GB[ "
            + "-]?18030(?:-20\\d\\d)?)\\z", RegexOptions.IgnoreCase);

    private static readonly UTF8Encoding _strictUtf8 = new(false, true);
    private static readonly Encoding _windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;
    private static readonly ConcurrentDictionary<string, Encoding?> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Text in the declared charset as Unicode. <paramref name="insist"/>: an encoded-word names its charset, so UTF-8 is not
    /// guessed.
    /// </summary>
    public static string Decode(string octets, string declared, bool insist = false) => Decode(octets, declared, insist, out _);

    /// <summary>
    /// Decodes as the other overload does; <paramref name="isDecoded"/> is false if the text was ASCII and was left unchanged.
    /// </summary>
    public static string Decode(string octets, string declared, bool insist, out bool isDecoded)
    {
        isDecoded = true;
        var isAscii = Octets.IsAscii(octets);
        if (isAscii && (_asciiName.IsMatch(declared) || _extendedName.IsMatch(declared)))
        {
            isDecoded = false;
            return octets;
        }

        var bytes = Octets.ToBytes(octets);
        if (!isAscii && !insist && TryDecode(_strictUtf8, bytes) is { } utf8)
        {
            return utf8;
        }

        if (DecodeDeclared(bytes, declared, insist, !isAscii && !insist) is { } text)
        {
            return text;
        }

        isDecoded = !isAscii;
        return isAscii ? octets : _windows1252.GetString(bytes);
    }

    private static string? DecodeDeclared(byte[] bytes, string declared, bool insist, bool triedUtf8)
    {
        if (!insist
            && (
            declared.Equals(
                "us-ascii", StringComparison.OrdinalIgnoreCase) || declared.Equals("ascii", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        if (_known.GetOrAdd(declared.Length > 64 ? "" : declared, Find) is not { } encoding || (triedUtf8 && encoding is UTF8Encoding))
        {
            return null;
        }

        return insist ? encoding.GetString(bytes) : TryDecode(Strict(encoding), bytes);
    }

    private static string? TryDecode(Encoding strict, byte[] bytes)
    {
        try
        {
            return strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static Encoding Strict(Encoding encoding)
    {
        var strict = (Encoding)encoding.Clone();
        strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        return strict;
    }

    private static Encoding Lenient(Encoding encoding)
    {
        var lenient = (Encoding)encoding.Clone();
        lenient.DecoderFallback = new DecoderReplacementFallback("\uFFFD");
        return lenient;
    }

    private static Encoding? Find(string name)
    {
        var folded = name.Trim().ToLowerInvariant().Replace(' ', '-').Replace('_', '-');
        return folded switch
        {
            "iso-8859-1" or "iso8859-1" or "windows-1252" or "cp1252" or "latin1" => _windows1252,
            "utf-8" or "utf8" => new UTF8Encoding(false),
            "us-ascii" or "ascii" => _windows1252,
            "gb18030" or "gb-18030" or "gb2312" or "gb-2312" or "gbk" or "euc-cn" or "cp936" => ByPage(936),
            "big5" or "big5-eten" or "cp950" => ByPage(950),
            "ks-c-5601-1987" or "euc-kr" or "cp949" => ByPage(949),
            "shift-jis" or "shiftjis" or "sjis" or "cp932" => ByPage(932),
            "utf-7" => null,
            _ when folded.StartsWith("cp", StringComparison.Ordinal)
                && int.TryParse(folded.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture, out var page) =>
                ByPage(page),
            _ => ByName(folded),
        };
    }

    private static Encoding? ByPage(int page)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(page) is { } encoding ? Lenient(encoding) : null;
        }
        catch (NotSupportedException)
        {
            return null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static Encoding? ByName(string name)
    {
        if (CodePagesEncodingProvider.Instance.GetEncoding(name) is { } encoding)
        {
            return Lenient(encoding);
        }

        try
        {
            return name.StartsWith("utf", StringComparison.Ordinal) ? Encoding.GetEncoding(name) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
