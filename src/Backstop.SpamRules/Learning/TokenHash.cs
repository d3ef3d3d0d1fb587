using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// The number by which a token is stored: the first 63 bits of its SHA-256, so that nobody can write a token that counts as another.
/// Words come again and again, and hashing one takes longer than finding it: the numbers of recent ones are kept.
/// </summary>
internal static class TokenHash
{
    private const int Kept = 1 << 15;
    private const int LongestKept = 64;

    // A token has one place, where the last one that belongs there is. An entry never changes, so that threads need no lock.
    private static readonly Entry?[] _kept = new Entry?[Kept];

    public static long Of(ReadOnlySpan<byte> token)
    {
        ref var place = ref _kept[Place(token)];
        if (Volatile.Read(ref place) is { } entry && token.SequenceEqual(entry.Token))
        {
            return entry.Number;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(token, hash);
        var number = BinaryPrimitives.ReadInt64LittleEndian(hash) & long.MaxValue;
        if (token.Length <= LongestKept)
        {
            Volatile.Write(ref place, new(token.ToArray(), number));
        }

        return number;
    }

    private static int Place(ReadOnlySpan<byte> token)
    {
        const ulong prime = 0x9E3779B97F4A7C15;
        var mixed = (ulong)token.Length;
        for (; token.Length >= sizeof(ulong); token = token[sizeof(ulong)..])
        {
            mixed = BitOperations.RotateLeft((mixed ^ BinaryPrimitives.ReadUInt64LittleEndian(token)) * prime, 29);
        }

        foreach (var octet in token)
        {
            mixed = (mixed ^ octet) * prime;
            mixed ^= mixed >> 29;
        }

        return (int)((mixed * prime) >> 49);
    }

    private sealed record Entry(byte[] Token, long Number);
}
