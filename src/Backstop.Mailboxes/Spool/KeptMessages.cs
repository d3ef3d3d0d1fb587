namespace Backstop.Mailboxes.Spool;

/// <summary>The part of a message that stays in memory until its last copy is delivered.</summary>
/// <param name="Envelope">What lies beside its body.</param>
/// <param name="Content">The whole message; null if the body is read from the disk for each copy.</param>
/// <param name="Octets">The memory that it takes.</param>
/// <param name="Place">Its place in the list of kept messages, oldest first.</param>
internal sealed record KeptMessage(SpoolEnvelope Envelope, SpoolContent? Content, long Octets, LinkedListNode<SpoolEntry> Place);

/// <summary>
/// Keeps envelopes, and small messages with several copies, in memory, so that they need not be read from the disk for
/// each copy.
/// </summary>
/// <remarks>
/// Invariant: all of them together take at most <see cref="MaxOctets"/>, however many messages wait. The oldest is
/// dropped first: the copies of a message are delivered shortly after one another, so that a recent message is the one
/// to be read next.
/// </remarks>
internal sealed class KeptMessages
{
    /// <summary>
    /// Enough for some 2,500 ordinary envelopes, many times what is delivered at one moment. With 20,000 messages
    /// waiting, 210 octets for each.
    /// </summary>
    public const long MaxOctets = 4 << 20;

    /// <summary>Larger bodies are read for each copy.</summary>
    public const int MaxBody = 64 << 10;

    // A message to thousands of recipients must not displace all others.
    private const long MaxOctetsEach = MaxOctets / 4;

    // The memory of a target, its folder and the headers of their strings; an envelope and its place in the list take
    // less than two of these.
    private const int ObjectOctets = 200;

    private readonly Lock _gate = new();
    private readonly LinkedList<SpoolEntry> _order = [];
    private long _octets;

    /// <summary>
    /// Keeps the envelope of a message that was just written; its body belongs to the caller and is not kept.
    /// </summary>
    /// <param name="entry">The entry, not yet visible to others.</param>
    /// <param name="envelope">The envelope as it was written.</param>
    /// <param name="largeFile">The path of the file with its body; null if the body is in the log.</param>
    public void KeepWritten(SpoolEntry entry, SpoolEnvelope envelope, string? largeFile)
    {
        // A message with one copy is read once. Keeping the envelopes of a flood would let them outlive their GC
        // generation, and cost 70 MiB.
        if (envelope.Targets.Count > 1)
        {
            Keep(entry, envelope, largeFile is null ? null : new(envelope, default, largeFile), Size(envelope));
        }
    }

    /// <summary>Keeps a message that was just read, if another copy of it will be read.</summary>
    /// <param name="entry">The message's entry in the spool.</param>
    /// <param name="content">What was read; its body is kept only if it is small.</param>
    public void KeepRead(SpoolEntry entry, SpoolContent content)
    {
        if (entry.Copies == 1)
        {
            return;
        }

        // The body is part of the array of its whole record.
        var isSmall = content.Body.Length <= MaxBody;
        Keep(entry, content.Envelope, isSmall ? content : null, Size(content.Envelope) + (isSmall ? entry.At.Length : 0));
    }

    /// <summary>Drops a delivered message.</summary>
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
