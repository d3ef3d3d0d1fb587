using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Backstop.Posix;

/// <summary>Converts strings for the kernel: one octet for each char, with a NUL at the end and none within.</summary>
internal static class NativeText
{
    /// <summary>Text of this process as octets in UTF-8, one a char: what recipes, programs and <see cref="From"/> take.</summary>
    public static string Octets(string text) => Ascii.IsValid(text) ? text : Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>A file name of octets as .NET writes it; one that is not UTF-8 stays as it is.</summary>
    public static string Path(string octets)
    {
        if (Ascii.IsValid(octets) || octets.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF'))
        {
            return octets;
        }

        var bytes = Encoding.Latin1.GetBytes(octets);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : octets;
    }

    public static byte[] From(string text)
    {
        var end = text.IndexOf('\0', StringComparison.Ordinal);
        var bytes = new byte[(end < 0 ? text.Length : end) + 1];
        Encoding.Latin1.GetBytes(text.AsSpan(0, bytes.Length - 1), bytes);
        return bytes;
    }

    /// <summary>Makes an array of strings (<c>argv</c>); release it with <see cref="Free"/>.</summary>
    public static unsafe nint Array(IReadOnlyCollection<string> texts)
    {
        var size = (texts.Count + 1) * sizeof(nint);
        foreach (var text in texts)
        {
            size += text.Length + 1;
        }

        var memory = (byte*)NativeMemory.AllocZeroed((nuint)size);
        var at = memory + ((texts.Count + 1) * sizeof(nint));
        var index = 0;
        foreach (var text in texts)
        {
            var bytes = From(text);
            bytes.CopyTo(new Span<byte>(at, bytes.Length));
            ((nint*)memory)[index++] = (nint)at;
            at += bytes.Length;
        }

        return (nint)memory;
    }

    public static unsafe void Free(nint array) => NativeMemory.Free((void*)array);
}
