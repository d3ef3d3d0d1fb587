namespace Backstop.Mailboxes.Spool;

/// <summary>A message as read back from the spool.</summary>
/// <param name="Envelope">Everything needed to deliver it besides the body.</param>
/// <param name="Body">Its body; empty if it is in a file of its own.</param>
/// <param name="LargeFile">The path of that file, or null.</param>
public sealed record SpoolContent(SpoolEnvelope Envelope, ReadOnlyMemory<byte> Body, string? LargeFile)
{
    /// <summary>
    /// The step between the numbers of one target's copies: recipes may make several, and each needs a name of its own.
    /// </summary>
    internal const int TargetsPerCopy = 10_000;

    /// <summary>
    /// Returns the header fields of one copy; none if recipes changed the message, because it then contains them.
    /// </summary>
    /// <param name="target">The number of the copy.</param>
    public string HeaderOf(int target) => Envelope.Targets.Count == 0 ? "" : Envelope.Targets[target % TargetsPerCopy].Header;

    /// <summary>Returns the message as changed by recipes: everything is in its body.</summary>
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

    /// <summary>Opens the body for reading.</summary>
    public Stream OpenBody() => LargeFile is null
        ? new MemoryStream(Body.ToArray(), writable: false)
        : new FileStream(LargeFile, FileMode.Open, FileAccess.Read, FileShare.Read);
}
