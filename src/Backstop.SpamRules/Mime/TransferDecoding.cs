using System.Text;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>
/// Quoted-printable and base64 as SpamAssassin decodes them, broken input included (Util.pm, qp_decode and base64_decode).
/// </summary>
internal static class TransferDecoding
{
    public static string QuotedPrintable(string text)
    {
        var joined = JoinSoftBreaks(DropBlanksBeforeLineEnds(text));
        if (!joined.Contains('='))
        {
            return joined;
        }

        var decoded = new StringBuilder(joined.Length);
        for (var i = 0; i < joined.Length; i++)
        {
            if (joined[i] == '=' && i + 2 < joined.Length && char.IsAsciiHexDigit(joined[i + 1]) && char.IsAsciiHexDigit(joined[i + 2]))
            {
                decoded.Append(Octets.FromByte((byte)((Hex(joined[i + 1]) << 4) | Hex(joined[i + 2]))));
                i += 2;
            }
            else
            {
                decoded.Append(joined[i]);
            }
        }

        return decoded.ToString();
    }

    /// <summary>
    /// Characters outside the alphabet are skipped; a <c>=</c> inside counts as the value 63 when the input is not whole groups of
    /// four.
    /// </summary>
    public static string Base64(string text)
    {
        var values = new List<byte>(text.Length);
        var clean = IsWholeGroups(text);
        foreach (var c in text)
        {
            if (Base64Value(c) is var value and >= 0)
            {
                values.Add((byte)value);
            }
            else if (c == '=')
            {
                values.Add((byte)(clean ? 0xFE : 0xFF));
            }
        }

        while (values.Count > 0 && values[^1] >= 0xFE)
        {
            values.RemoveAt(values.Count - 1);
        }

        return Unpack(values);
    }

    private static string Unpack(List<byte> values)
    {
        var count = values.Count - (values.Count % 4 == 1 ? 1 : 0);
        var decoded = new StringBuilder((count * 3 / 4) + 1);
        int bits = 0, held = 0;
        for (var i = 0; i < count; i++)
        {
            // An inner '=' of a clean text stands for 'A', of a broken one for the last of the alphabet.
            var value = values[i] switch { 0xFE => 0, 0xFF => 63, var v => v };
            bits = (bits << 6) | value;
            held += 6;
            if (held >= 8)
            {
                held -= 8;
                decoded.Append(Octets.FromByte((byte)(bits >> held)));
                bits &= (1 << held) - 1;
            }
        }

        return decoded.ToString();
    }

    private static bool IsWholeGroups(string text)
    {
        var count = 0;
        foreach (var c in text)
        {
            if (c is ' ' or '\t' or '\r' or '\n' or '\f' or '\v')
            {
                continue;
            }

            if (Base64Value(c) < 0 && c != '=')
            {
                return false;
            }

            count++;
        }

        return count % 4 == 0 && count > 0;
    }

    private static int Base64Value(char c) => c switch
    {
        >= 'A' and <= 'Z' => c - 'A',
        >= 'a' and <= 'z' => c - 'a' + 26,
        >= '0' and <= '9' => c - '0' + 52,
        '+' => 62,
        '/' => 63,
        _ => -1,
    };

    private static int Hex(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static string DropBlanksBeforeLineEnds(string text)
    {
        if (!text.Contains(" \n", StringComparison.Ordinal) && !text.Contains("\t\n", StringComparison.Ordinal)
            && !text.Contains(" \r\n", StringComparison.Ordinal) && !text.Contains("\t\r\n", StringComparison.Ordinal))
        {
            return text;
        }

        var kept = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is ' ' or '\t')
            {
                var end = i;
                while (end < text.Length && text[end] is ' ' or '\t')
                {
                    end++;
                }

                if (!IsLineEnd(text, end))
                {
                    kept.Append(text, i, end - i);
                }

                i = end - 1;
            }
            else
            {
                kept.Append(text[i]);
            }
        }

        return kept.ToString();
    }

    private static string JoinSoftBreaks(string text) =>
        text.Replace("=\r\n", "", StringComparison.Ordinal).Replace("=\n", "", StringComparison.Ordinal);

    private static bool IsLineEnd(string text, int at) =>
        at < text.Length && (text[at] == '\n' || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n'));
}
