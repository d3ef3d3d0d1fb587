using System.Globalization;
using System.Text;
using Backstop.Automata;

namespace Backstop.Tests.SpamRules;

/// <summary>Writes a set of octets for .NET's engine.</summary>
internal static class DotNetSet
{
    /// <summary>As .NET writes it, over the characters of <see cref="Backstop.SpamRules.Text.Octets"/>.</summary>
    public static void Append(StringBuilder pattern, ByteSet set)
    {
        if (set.Count == 1)
        {
            AppendCharacter(pattern, set.Members().First());
            return;
        }

        if (set.IsEmpty)
        {
            pattern.Append("(?!)");
            return;
        }

        pattern.Append('[');
        for (var i = 0; i < 256; i++)
        {
            if (!set.Contains(i))
            {
                continue;
            }

            var last = i;
            // The mapping jumps at 0x80, so no range crosses it.
            while (last + 1 < 256 && last + 1 != 0x80 && set.Contains(last + 1))
            {
                last++;
            }

            AppendCharacter(pattern, i);
            if (last > i)
            {
                pattern.Append('-');
                AppendCharacter(pattern, last);
            }

            i = last;
        }

        pattern.Append(']');
    }

    private static void AppendCharacter(StringBuilder pattern, int value)
    {
        if (char.IsAsciiLetterOrDigit((char)value))
        {
            pattern.Append((char)value);
        }
        else
        {
            pattern.Append("\\u").Append((value < 0x80 ? value : 0xE000 + value).ToString("X4", CultureInfo.InvariantCulture));
        }
    }
}
