namespace Backstop.Clean;

/// <summary>Where a message of a mailbox belongs.</summary>
internal enum Pile
{
    /// <summary>No report about anything: it stays.</summary>
    Mail,

    /// <summary>It answers something that was sent: it stays.</summary>
    Ours,

    /// <summary>Nothing tells for certain: it stays and is listed.</summary>
    Unsure,

    /// <summary>It answers something that was never sent.</summary>
    Backscatter,
}
