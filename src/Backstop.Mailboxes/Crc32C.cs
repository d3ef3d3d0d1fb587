using System.Numerics;
using System.Runtime.InteropServices;

namespace Backstop.Mailboxes;

/// <summary>Computes CRC-32C over octets that come in pieces; the result does not depend on how they are split.</summary>
internal static class Crc32C
{
    public const uint Start = uint.MaxValue;

    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var b in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }
}
