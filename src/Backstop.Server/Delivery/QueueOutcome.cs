namespace Backstop.Server.Delivery;

/// <summary>What became of a message that somebody wanted to change.</summary>
internal enum QueueOutcome
{
    /// <summary>The change was made.</summary>
    Done,

    /// <summary>Nothing was changed: it was in that state already.</summary>
    Unchanged,

    /// <summary>It is not in the spool.</summary>
    NotFound,

    /// <summary>It was delivered before it could be changed.</summary>
    Delivered,

    /// <summary>A copy of it is with a program or a slow folder; nothing was changed.</summary>
    Busy,

    /// <summary>It was tried, and the try failed.</summary>
    Failed,

    /// <summary>It is being tried; the result is not known yet.</summary>
    Trying,

    /// <summary>It is on hold.</summary>
    Held,
}

/// <summary>What became of a message that somebody wanted to change, and why.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Detail">The error, or what is to be known besides; empty for nothing.</param>
internal readonly record struct QueueResult(QueueOutcome Outcome, string Detail = "");

/// <summary>Where one copy of a message is.</summary>
/// <param name="Mailbox">The main address of its mailbox; null where the entry does not have it.</param>
/// <param name="Folder">The folder that it goes to; where it has no mailbox any more, the folder that it was for.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Error">Why the last try failed; empty where none did.</param>
/// <param name="Tries">Failed tries of its folder or recipes since the last success.</param>
/// <param name="RetryAt">When it is tried again; null where nothing has failed.</param>
internal sealed record CopyReport(
    string? Mailbox, Mailboxes.FolderRef Folder, CopyPlace Place, string Error, int Tries, DateTimeOffset? RetryAt)
{
    /// <summary>Whether the last try failed because of a quota.</summary>
    public bool IsOverQuota { get; init; }
}

/// <summary>A message in the spool, and where its copies are.</summary>
/// <param name="Entry">The message.</param>
/// <param name="IsHeld">Whether it is on hold.</param>
/// <param name="IsUnderWay">Whether a copy of it is being delivered now.</param>
/// <param name="Copies">One for each mailbox that gets it.</param>
internal sealed record MessageReport(
    Mailboxes.Spool.SpoolEntry Entry, bool IsHeld, bool IsUnderWay, IReadOnlyList<CopyReport> Copies);
