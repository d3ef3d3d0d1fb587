using System.Runtime.InteropServices;
using System.Text;

namespace Backstop.Posix;

/// <summary>Converts strings for the kernel: one octet for each char, with a NUL at the end and none within.</summary>
internal static class NativeText
{
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
