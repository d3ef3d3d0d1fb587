namespace Backstop.Mailboxes.Spool;

/// <summary>What is kept of a message in memory until its last copy is delivered.</summary>
/// <param name="Envelope">What lies beside its body.</param>
/// <param name="Content">All of it; null where the body is read from the disk for each copy.</param>
/// <param name="Octets">How much memory that takes.</param>
/// <param name="Place">Its place in the order in which messages were kept.</param>
internal sealed record KeptMessage(SpoolEnvelope Envelope, SpoolContent? Content, long Octets, LinkedListNode<SpoolEntry> Place);

/// <summary>Envelopes, and small messages with several copies, that need not be read back from the disk for each copy.</summary>
/// <remarks>
/// Invariant: all together take no more than <see cref="MaxOctets"/>, however many messages wait. The one that was kept first makes room:
/// the copies of a message are delivered soon after one another, so what was just written or read is read again next.
/// </remarks>
internal sealed class KeptMessages
{
    /// <summary>
    /// Some 2,500 ordinary envelopes: many times what is delivered at one moment. With 20,000 messages waiting, 210 octets for
    /// each.
    /// </summary>
    public const long MaxOctets = 4 << 20;

    /// <summary>Larger bodies are read for each copy.</summary>
    public const int MaxBody = 64 << 10;

    // A message to thousands of recipients must not push out all others.
    private const long MaxOctetsEach = MaxOctets / 4;

    // A target, its folder and the heads of their strings; an envelope and its place in the order take less than two.
    private const int ObjectOctets = 200;

    private readonly Lock _gate = new();
    private readonly LinkedList<SpoolEntry> _order = [];
    private long _octets;

    /// <summary>Keeps a message that has just been written: its body is the caller's and not kept.</summary>
    /// <param name="entry">The entry, of which nobody knows yet.</param>
    /// <param name="envelope">Its envelope.</param>
    /// <param name="largeFile">The path of the file that holds its body; null where the body is in the log.</param>
    public void KeepWritten(SpoolEntry entry, SpoolEnvelope envelope, string? largeFile)
    {
        // One copy is read once. Kept, the envelopes of a flood outlive their generation, and cost 70 MiB before they are collected.
        if (envelope.Targets.Count > 1)
        {
            Keep(entry, envelope, largeFile is null ? null : new(envelope, default, largeFile), Size(envelope));
        }
    }

    /// <summary>Keeps a message that has just been read, where another copy of it is to be read.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="content">Its content.</param>
    public void KeepRead(SpoolEntry entry, SpoolContent content)
    {
        if (entry.Folders.Count == 1)
        {
            return;
        }

        // The body lies in the octets of its whole record.
        var isSmall = content.Body.Length <= MaxBody;
        Keep(entry, content.Envelope, isSmall ? content : null, Size(content.Envelope) + (isSmall ? entry.At.Length : 0));
    }

    /// <summary>Gives up what is kept of a message that is delivered.</summary>
    public void Drop(SpoolEntry entry)
    {
        lock (_gate)
        {
            Forget(entry);
        }
    }

    private void Keep(SpoolEntry entry, SpoolEnvelope envelope, SpoolContent? content, long octets)
    {
        if (octets > MaxOctetsEach)
        {
            return;
        }

        lock (_gate)
        {
            if (entry.IsDone)
            {
                return;
            }

            Forget(entry);
            entry.Kept = new(envelope, content, octets, _order.AddLast(entry));
            for (_octets += octets; _octets > MaxOctets;)
            {
                Forget(_order.First!.Value);
            }
        }
    }

    private void Forget(SpoolEntry entry)
    {
        if (entry.Kept is { } kept)
        {
            _octets -= kept.Octets;
            _order.Remove(kept.Place);
            entry.Kept = null;
        }
    }

    private static long Size(SpoolEnvelope envelope)
    {
        var characters = envelope.Trace.Length + envelope.ReversePath.Length + (envelope.LargeFile?.Length ?? 0);
        foreach (var target in envelope.Targets)
        {
            characters += target.Header.Length + target.Folder.Path.Length + target.Folder.Folder.Length;
        }

        return (2L * characters) + (ObjectOctets * (envelope.Targets.Count + 2L));
    }
}
