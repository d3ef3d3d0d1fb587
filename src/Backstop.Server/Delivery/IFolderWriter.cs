namespace Backstop.Server.Delivery;

/// <summary>Writes copies into one folder: this process does, or a helper that is the folder's owner.</summary>
internal interface IFolderWriter
{
    /// <summary>Writes copies: to a Maildir one, to an mbox any number under one lock.</summary>
    /// <param name="copies">The copies.</param>
    /// <returns>For each of them, whether it is in its folder now; what is not is tried again soon: the folder is locked.</returns>
    /// <exception cref="IOException">None was written.</exception>
    bool[] Deliver(IReadOnlyList<FolderCopy> copies);

    /// <summary>The id of the last copy of ours in an mbox, whole or torn; null for none.</summary>
    string? LastId();
}
