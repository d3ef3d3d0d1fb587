using Backstop.Mailboxes;
using Backstop.Posix;

namespace Backstop.Server.Delivery;

/// <summary>Where a copy goes.</summary>
/// <param name="Folder">The Maildir or mbox folder.</param>
/// <param name="User">The user that it is written as; null for the user of this process.</param>
internal sealed record DeliveryPlace(FolderRef Folder, UserAccount? User);
