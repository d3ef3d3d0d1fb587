using System.Text;

namespace Backstop.Recipes.Running;

/// <summary>Text whose chars are octets (ISO 8859-1 is exactly that): mail, file names and variables need not be UTF-8.</summary>
internal static class Octets
{
    public static string ToText(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);

    /// <summary>What a program, a file name or a variable of the environment takes of a text: it ends at a NUL.</summary>
    public static string UntilNul(string text) => text.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var end ? text[..end] : text;

    public static byte[] ToBytes(string text) => Encoding.Latin1.GetBytes(text);
}
