namespace Backstop.Mailboxes.Spool;

/// <summary>
/// What is delivered and not yet synced: the mailboxes, and the messages and copies to be noted as final once those are on the disk. Not
/// safe for several threads.
/// </summary>
/// <param name="paths">The paths of mailboxes that were written to.</param>
internal sealed class UnsyncedCopies(IEnumerable<string> paths)
{
    /// <summary>The paths of mailboxes.</summary>
    public HashSet<string> Paths { get; } = new(paths, StringComparer.Ordinal);

    /// <summary>Messages of which no copy is left to deliver.</summary>
    public List<ulong> Messages { get; } = [];

    /// <summary>Copies of messages that wait for others.</summary>
    public List<(ulong Id, int Copy)> Copies { get; } = [];

    /// <summary>Whether there is a note to be written once the mailboxes are on the disk.</summary>
    public bool HasNotes => Messages.Count + Copies.Count > 0;

    /// <summary>Takes back what could not be synced.</summary>
    public void Add(UnsyncedCopies failed)
    {
        Paths.UnionWith(failed.Paths);
        Messages.AddRange(failed.Messages);
        Copies.AddRange(failed.Copies);
    }
}
