namespace Backstop.Mailboxes.Spool;

/// <summary>A message as read back from the spool.</summary>
/// <param name="Envelope">What was kept beside it.</param>
/// <param name="Body">Its body; empty where it lies in a file of its own.</param>
/// <param name="LargeFile">The path of that file, or null.</param>
public sealed record SpoolContent(SpoolEnvelope Envelope, ReadOnlyMemory<byte> Body, string? LargeFile)
{
    /// <summary>Copies that recipes make of one target are numbered in steps of this, so that each has a name of its own.</summary>
    internal const int TargetsPerCopy = 10_000;

    /// <summary>Header fields of one copy; none where recipes have changed the message, for then they are in it.</summary>
    /// <param name="target">Which copy.</param>
    public string HeaderOf(int target) => Envelope.Targets.Count == 0 ? "" : Envelope.Targets[target % TargetsPerCopy].Header;

    /// <summary>The same message as recipes have made it: all of it is its body.</summary>
    /// <param name="content">The octets.</param>
    internal SpoolContent Remade(ReadOnlyMemory<byte> content) => new(
        Envelope with
        {
            Trace = "",
            Targets = [],
            LargeFile = null,
            BodyLength = content.Length,
            Lines = content.Span.Count((byte)'\n')
        }, content, null);

    /// <summary>The body as a stream.</summary>
    public Stream OpenBody() => LargeFile is null
        ? new MemoryStream(Body.ToArray(), writable: false)
        : new FileStream(LargeFile, FileMode.Open, FileAccess.Read, FileShare.Read);
}
