using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Backstop.Mailboxes.Locks;
using Backstop.Posix;

namespace Backstop.Deliver;

/// <summary>
/// Remembers whom recipes have answered, so that nobody is answered twice in a week (RFC 3834 §2): a file of hashes and days, no
/// addresses.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplyMemory(string path, TimeProvider time)
{
    private const int EntrySize = 12;
    private const int MaxEntries = 50_000;
    private static readonly TimeSpan _pause = TimeSpan.FromDays(7);
    private static readonly TimeSpan _longestWait = TimeSpan.FromSeconds(30);

    /// <summary>Whether a sender may be answered now; noted as answered where it may. Where that cannot be noted, it may not.</summary>
    /// <param name="sender">The address.</param>
    public bool MayReply(string sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        try
        {
            using var file = Open(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var key = KeyOf(sender);
            var kept = Lately(file);
            if (kept.Exists(e => e.Key == key))
            {
                return false;
            }

            Write(file, [.. kept, (key, Now)]);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Whether a sender was answered this week; notes nothing. False where that cannot be known now.</summary>
    /// <param name="sender">The address.</param>
    public bool WasAnswered(string sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        try
        {
            using var file = Open(FileMode.Open, FileAccess.Read, FileShare.Read);
            return Lately(file).Exists(e => e.Key == KeyOf(sender));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return false;
        }
    }

    // Another recipe, of this process or another one, may have the file open for a moment.
    private FileStream Open(FileMode mode, FileAccess access, FileShare share)
    {
        using var patience = new CancellationTokenSource(_longestWait, time);
        return LockWaiter.Take(path, isDotLockOnly: false, TryOpen, patience.Token);

        FileStream? TryOpen()
        {
            try
            {
                return new(path, mode, access, share);
            }
            catch (IOException error) when (error.HResult == Libc.TryAgain)
            {
                return null;
            }
        }
    }

    private uint Now => (uint)time.GetUtcNow().ToUnixTimeSeconds();

    private static ulong KeyOf(string sender) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(sender.ToUpperInvariant())));

    private List<(ulong Key, uint When)> Lately(FileStream file) =>
        [.. Read(file).Where(e => Now - e.When < _pause.TotalSeconds).TakeLast(MaxEntries)];

    private static List<(ulong Key, uint When)> Read(FileStream file)
    {
        var bytes = new byte[Math.Min(file.Length, (long)MaxEntries * EntrySize)];
        file.ReadExactly(bytes);
        var entries = new List<(ulong, uint)>();
        for (var at = 0; at + EntrySize <= bytes.Length; at += EntrySize)
        {
            entries.Add(
                (BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8))));
        }

        return entries;
    }

    private static void Write(FileStream file, List<(ulong Key, uint When)> entries)
    {
        var bytes = new byte[entries.Count * EntrySize];
        for (var i = 0; i < entries.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * EntrySize), entries[i].Key);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((i * EntrySize) + 8), entries[i].When);
        }

        file.Position = 0;
        file.Write(bytes);
        file.SetLength(bytes.Length);
    }
}
