using System.Text;

namespace Backstop.SpamRules.Text;

/// <summary>
/// Text as the rules see it: octets, one a character. An octet of 0x80 or more is the private-use character
/// U+E080-U+E0FF, so that .NET's <c>\w \s \d \b</c> and its case folding mean ASCII, as Perl's <c>/aa</c> does.
/// Invariant: the low byte of every character is the octet.
/// </summary>
internal static class Octets
{
    private const int HighBase = 0xE000;

    public static string FromBytes(ReadOnlySpan<byte> bytes) =>
        string.Create(bytes.Length, bytes, static (chars, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                chars[i] = FromByte(source[i]);
            }
        });

    public static char FromByte(byte value) => (char)(value < 0x80 ? value : HighBase + value);

    public static bool IsHigh(char c) => c >= 0x80;

    public static byte[] ToBytes(ReadOnlySpan<char> octets)
    {
        var bytes = new byte[octets.Length];
        Copy(octets, bytes);
        return bytes;
    }

    /// <summary>Writes octets to a buffer that is long enough, and returns how many they are.</summary>
    public static int Copy(ReadOnlySpan<char> octets, Span<byte> to)
    {
        for (var i = 0; i < octets.Length; i++)
        {
            to[i] = (byte)octets[i];
        }

        return octets.Length;
    }

    /// <summary>Unicode text as UTF-8 octets.</summary>
    public static string FromUnicode(string text) => IsAscii(text) ? text : FromBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Text of characters up to 0xFF, each an octet.</summary>
    public static string FromLatin1(string text) => IsAscii(text) ? text : string.Create(text.Length, text, static (chars, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            chars[i] = FromByte((byte)source[i]);
        }
    });

    public static bool IsAscii(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('\0', '\x7f');

    /// <summary>Octets as text for people: UTF-8, with U+FFFD for what is not.</summary>
    public static string ToUnicode(string octets) => IsAscii(octets) ? octets : Encoding.UTF8.GetString(ToBytes(octets));
}
