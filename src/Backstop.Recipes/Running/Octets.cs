using System.Text;

namespace Backstop.Recipes.Running;

/// <summary>Text whose chars are octets (ISO 8859-1 is exactly that): mail, file names and variables need not be UTF-8.</summary>
internal static class Octets
{
    public static string ToText(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);

    public static byte[] ToBytes(string text) => Encoding.Latin1.GetBytes(text);
}
