using System.Buffers;

namespace Backstop.Backscatter.Bounces;

/// <summary>The prefixes that mail programs in many languages put before the subject of a reply or forward.</summary>
internal static class SubjectPrefix
{
    // "Re", "AW" and so on; no responder begins a subject with them.
    private static readonly HashSet<string> _prefixes = new(StringComparer.OrdinalIgnoreCase)
    {
        "Re", "Fw", "Fwd", "AW", "WG", "Antw", "Doorst", "SV", "VS", "VB", "VL", "TR", "RV", "RES", "ENC", "R", "I", "RIF",
        "ODP", "PD", "YNT", "İLT", "VÁ", "ATB", "NAK", "BLS",
        "TRS", "На", "Отв", "Пересл", "HA", "回复", "答复", "转发", "回覆", "轉寄", "返信", "転送", "회신", "전달", "השב", "הועבר", "رد", "إعادة توجيه",
    };

    private static readonly SearchValues<char> _colons = SearchValues.Create(":：");
    private static readonly SearchValues<char> _beforePrefix = SearchValues.Create(" \t([");

    private const int LongestPrefix = 14;

    // The length of the longest words for "Automatic reply".
    private const int LongestWords = 40;

    /// <summary>Whether a person's mail program put a prefix before the subject.</summary>
    /// <param name="subject">The decoded subject.</param>
    public static bool IsReplyOrForward(string subject)
    {
        // "[liste] Re: x" is a reply too: the list put its name first.
        var rest = subject.AsSpan().TrimStart();
        var close = rest is ['[', ..] ? rest.IndexOf(']') : -1;
        return IsPrefixed(rest) || (close > 0 && IsPrefixed(rest[(close + 1)..]));
    }

    /// <summary>Whether words and a colon precede the rest of the subject, whoever wrote them.</summary>
    /// <param name="subject">The decoded subject.</param>
    public static bool HasAny(string subject)
    {
        var colon = subject.AsSpan().IndexOfAny(_colons);
        return colon is > 2 and <= LongestWords && !subject.AsSpan(0, colon).ContainsAnyInRange('0', '9')
            && !subject.AsSpan(colon + 1).Trim().IsEmpty;
    }

    private static bool IsPrefixed(ReadOnlySpan<char> subject)
    {
        var start = subject.IndexOfAnyExcept(_beforePrefix);
        if (start < 0)
        {
            return false;
        }

        subject = subject[start..];
        var colon = subject[..Math.Min(subject.Length, LongestPrefix)].IndexOfAny(_colons);
        if (colon <= 0)
        {
            return false;
        }

        // "Re[2]:" and "Re^2:" count replies.
        var word = subject[..colon].TrimEnd();
        var count = word.IndexOfAny('[', '^', '(');
        word = count > 0 ? word[..count] : word;
        return _prefixes.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);
    }
}
