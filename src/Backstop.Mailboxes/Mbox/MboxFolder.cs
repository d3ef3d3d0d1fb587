using System.Globalization;
using System.Text;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>A message to append to an mbox.</summary>
/// <param name="Entry">The spool entry.</param>
/// <param name="Content">The envelope and body of the entry.</param>
/// <param name="Target">The index of its target.</param>
/// <param name="MayBeThere">Whether an earlier run may have appended it, completely or in part.</param>
public sealed record MboxDelivery(SpoolEntry Entry, SpoolContent Content, int Target, bool MayBeThere);

/// <summary>Appends to an mbox file: many messages under one lock; a failed append is removed again.</summary>
/// <remarks>
/// The format is mboxrd: a line of <c>&gt;</c>s and <c>From </c> gets one more <c>&gt;</c>, which readers can undo.
/// </remarks>
/// <param name="folder">An mbox folder.</param>
/// <param name="owner">The text that this server writes into its dot-locks: <see cref="SpoolLog.Instance"/>. Only one
/// worker at a time delivers to a folder.</param>
/// <param name="time">The clock.</param>
public sealed class MboxFolder(FolderRef folder, string owner, TimeProvider time)
{
    /// <summary>The header field by which a copy is recognised after a crash.</summary>
    public const string IdField = "X-Backstop-Id";

    // Nobody quotes more deeply; a line that begins with more of them is left unchanged.
    private const int MaxQuotePrefix = 1024;

    /// <summary>Whether delivered messages are on the disk at once; else their caller syncs the file system later.</summary>
    internal bool Syncs { get; init; }

    /// <summary>The file of a folder: the mbox itself, or a file beside it.</summary>
    /// <param name="folder">An mbox folder.</param>
    internal static string FileOf(FolderRef folder) => folder.IsInbox ? folder.Path : $"{folder.Path}.{folder.Folder}";

    /// <summary>Appends messages while holding both locks.</summary>
    /// <param name="deliveries">The messages.</param>
    /// <returns>How many of them are in the file, in order; 0 if another program holds a lock.</returns>
    /// <exception cref="IOException">Nothing could be appended.</exception>
    public int Deliver(IReadOnlyList<MboxDelivery> deliveries)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        var path = FileOf(folder);
        using var taken = TakeLock(path);
        if (taken is null)
        {
            return 0;
        }

        var present = deliveries.Any(d => d.MayBeThere) ? MboxIds.Find(taken.File) : [];
        MendEnd(taken.File, deliveries, present);
        for (var i = 0; i < deliveries.Count; i++)
        {
            try
            {
                Append(taken.File, deliveries[i], present);
            }
            catch (IOException) when (i > 0)
            {
                Sync(taken.File, path);
                return i;
            }
        }

        Sync(taken.File, path);
        return deliveries.Count;
    }

    /// <summary>
    /// Returns the id of our last copy in the file, complete or torn; null if there is none or the file is unreadable.
    /// </summary>
    internal string? LastId()
    {
        try
        {
            using var file = File.OpenHandle(FileOf(folder), share: FileShare.ReadWrite);
            var present = MboxIds.Find(file);
            return present.Count == 0 ? null : present.MaxBy(p => p.Value).Key;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next delivery will report the error.
            return null;
        }
    }

    /// <summary>Whether a whole copy is in the file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal bool Has(MboxDelivery delivery)
    {
        if (!File.Exists(FileOf(folder)))
        {
            return false;
        }

        using var file = File.OpenHandle(FileOf(folder), share: FileShare.ReadWrite);
        return MboxIds.Find(file).TryGetValue(IdOf(delivery), out var start)
            && MboxCopy.StateOf(file, start, sink => WriteWhole(delivery, sink, start)) == MboxCopyState.Whole;
    }

    /// <summary>Returns the value of <see cref="IdField"/> for a copy.</summary>
    /// <param name="entry">The spool entry.</param>
    /// <param name="target">The index of its target.</param>
    internal static string IdOf(SpoolEntry entry, int target)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return string.Create(CultureInfo.InvariantCulture, $"{entry.QueueId}.{target}");
    }

    // The directory too: the file may be new.
    private void Sync(SafeFileHandle file, string path)
    {
        if (Syncs)
        {
            Libc.SyncData(file);
            Posix.Folders.Sync(Path.GetDirectoryName(path)!);
        }
    }

    private MboxLock? TakeLock(string path)
    {
        if (Path.GetDirectoryName(path) is { } directory && !Directory.Exists(directory))
        {
            Posix.Folders.Make(directory);
        }

        return MboxLock.TryTake(path, owner, time);
    }

    // A kill leaves a torn copy at the end of the file. It is removed before anything is appended, whatever the order
    // of replay.
    private static void MendEnd(SafeFileHandle file, IReadOnlyList<MboxDelivery> deliveries, Dictionary<string, long> present)
    {
        if (present.Count == 0)
        {
            return;
        }

        var (id, start) = present.MaxBy(p => p.Value);
        if (deliveries.FirstOrDefault(d => IdOf(d) == id) is { } last
            && MboxCopy.StateOf(file, start, sink => WriteWhole(last, sink, start)) == MboxCopyState.TornAtEnd)
        {
            RandomAccess.SetLength(file, start);
            present.Remove(id);
        }
    }

    private static void Append(SafeFileHandle file, MboxDelivery delivery, Dictionary<string, long> present)
    {
        // A torn copy with other mail behind it cannot be removed from a file that others write too: the whole copy is
        // appended.
        if (present.TryGetValue(IdOf(delivery), out var start)
            && MboxCopy.StateOf(file, start, sink => WriteWhole(delivery, sink, start)) == MboxCopyState.Whole)
        {
            return;
        }

        var end = RandomAccess.GetLength(file);
        try
        {
            var gap = Gap(file, end);
            RandomAccess.Write(file, gap, end);
            WriteWhole(delivery, (bytes, at) => RandomAccess.Write(file, bytes, at), end + gap.Length);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(file, end);
            throw;
        }
    }

    // Writes all octets of a copy, from its separator to the empty line behind it.
    private static void WriteWhole(MboxDelivery delivery, MboxSink sink, long at)
    {
        var head = Head(delivery);
        sink(head, at);
        using var body = delivery.Content.OpenBody();
        at = CopyQuoted(body, sink, at + head.Length);
        sink("\n"u8, at);
    }

    // The separator and the header; the id comes first, so that even a torn copy can be recognised.
    private static byte[] Head(MboxDelivery delivery)
    {
        var envelope = delivery.Content.Envelope;
        var separator = MboxSeparator.Line(envelope.ReversePath, DateTimeOffset.FromUnixTimeMilliseconds(envelope.ReceivedUnixMs));
        return Encoding.UTF8.GetBytes(
            $"{separator}{IdField}: {IdOf(delivery)}\n{delivery.Content.HeaderOf(delivery.Target)}{envelope.Trace}");
    }

    private static string IdOf(MboxDelivery delivery) => IdOf(delivery.Entry, delivery.Target);

    // A separator must follow an empty line; the file of another program, or a torn copy of ours, may end anywhere.
    internal static ReadOnlySpan<byte> Gap(SafeFileHandle file, long end)
    {
        Span<byte> last = stackalloc byte[2];
        var read = RandomAccess.Read(file, last[..(int)Math.Min(2, end)], Math.Max(0, end - 2));
        return end == 0 || last[..read].SequenceEqual("\n\n"u8) ? [] : last[read - 1] == (byte)'\n' ? "\n"u8 : "\n\n"u8;
    }

    // Copies line by line with quoting.
    private static long CopyQuoted(Stream body, MboxSink sink, long at)
    {
        var output = new MemoryStream();
        var lineStart = true;
        var buffer = new byte[64 * 1024];
        var kept = 0;
        for (int read; (read = body.Read(buffer.AsSpan(kept))) > 0;)
        {
            var rest = buffer.AsSpan(0, kept + read);
            kept = 0;
            while (!rest.IsEmpty)
            {
                var lf = rest.IndexOf((byte)'\n');
                if (lf < 0 && lineStart && rest.Length < MaxQuotePrefix)
                {
                    // Too little of the line to decide whether it must be quoted: wait for more.
                    rest.CopyTo(buffer);
                    kept = rest.Length;
                    break;
                }

                var piece = lf < 0 ? rest : rest[..(lf + 1)];
                if (lineStart && NeedsQuote(piece))
                {
                    output.WriteByte((byte)'>');
                }

                output.Write(piece);
                lineStart = lf >= 0;
                rest = rest[piece.Length..];
            }

            at = Flush(output, sink, at);
        }

        if (kept > 0)
        {
            output.Write(NeedsQuote(buffer.AsSpan(0, kept)) ? ">"u8 : default);
            output.Write(buffer, 0, kept);
            lineStart = false;
        }

        if (!lineStart)
        {
            output.WriteByte((byte)'\n');
        }

        return Flush(output, sink, at);
    }

    private static bool NeedsQuote(ReadOnlySpan<byte> line) => line.TrimStart((byte)'>').StartsWith("From "u8);

    private static long Flush(MemoryStream output, MboxSink sink, long at)
    {
        sink(output.GetBuffer().AsSpan(0, (int)output.Length), at);
        at += output.Length;
        output.SetLength(0);
        return at;
    }
}
