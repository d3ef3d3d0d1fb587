using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;

namespace Backstop.Server.Delivery;

/// <summary>A folder that a copy was for before, where it may be already.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="IsOfThisRun">Whether it may have come there since this server started.</param>
internal sealed record EarlierPlace(FolderRef Folder, bool IsOfThisRun);

/// <summary>A copy with all that is needed to write it into a folder.</summary>
/// <param name="Entry">The message in the spool.</param>
/// <param name="Content">Its envelope and body.</param>
/// <param name="Target">The number of the copy, from which its name follows.</param>
/// <param name="MayBeThere">Whether it may be in the folder already, whole or in part.</param>
internal sealed record FolderCopy(SpoolEntry Entry, SpoolContent Content, int Target, bool MayBeThere)
{
    /// <summary>Where else it may be.</summary>
    public IReadOnlyList<EarlierPlace> Earlier { get; init; } = [];
}
