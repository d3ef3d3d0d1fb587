namespace Backstop.Mailboxes.Spool;

/// <summary>A message as read back from the spool.</summary>
/// <param name="Envelope">What was kept beside it.</param>
/// <param name="Body">Its body; empty where it lies in a file of its own.</param>
/// <param name="LargeFile">The path of that file, or null.</param>
public sealed record SpoolContent(SpoolEnvelope Envelope, ReadOnlyMemory<byte> Body, string? LargeFile)
{
    /// <summary>The body as a stream.</summary>
    public Stream OpenBody() => LargeFile is null
        ? new MemoryStream(Body.ToArray(), writable: false)
        : new FileStream(LargeFile, FileMode.Open, FileAccess.Read, FileShare.Read);
}
