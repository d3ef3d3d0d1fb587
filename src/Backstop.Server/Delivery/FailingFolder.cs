using Backstop.Mailboxes;

namespace Backstop.Server.Delivery;

/// <summary>A folder that cannot be delivered to now.</summary>
/// <param name="Folder">The mailbox and the name of the folder.</param>
/// <param name="Waiting">How many messages wait for it.</param>
/// <param name="Failures">Failed tries since the last success.</param>
/// <param name="Error">The last error.</param>
/// <param name="RetryAt">The time of the next try.</param>
internal sealed record FailingFolder(FolderRef Folder, int Waiting, int Failures, string Error, DateTimeOffset RetryAt);
