namespace Backstop.SpamRules.Text;

/// <summary>Characters of UTF-8 among octets that need not be UTF-8.</summary>
internal static class Utf8Octets
{
    /// <summary>The octets of the UTF-8 character that begins here; 1 where none does.</summary>
    public static int Length(ReadOnlySpan<byte> text)
    {
        var length = LengthBy(text[0]);
        if (length > text.Length)
        {
            return 1;
        }

        for (var i = 1; i < length; i++)
        {
            if (text[i] is < 0x80 or > 0xBF)
            {
                return 1;
            }
        }

        return length;
    }

    public static int Length(ReadOnlySpan<char> text)
    {
        var length = LengthBy((byte)text[0]);
        if (length > text.Length)
        {
            return 1;
        }

        for (var i = 1; i < length; i++)
        {
            if ((byte)text[i] is < 0x80 or > 0xBF)
            {
                return 1;
            }
        }

        return length;
    }

    private static int LengthBy(byte first) => first switch
    {
        >= 0xC0 and <= 0xDF => 2,
        >= 0xE0 and <= 0xEF => 3,
        >= 0xF0 and <= 0xF4 => 4,
        _ => 1,
    };
}
