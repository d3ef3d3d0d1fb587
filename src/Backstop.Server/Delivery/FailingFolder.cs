using Backstop.Mailboxes;

namespace Backstop.Server.Delivery;

/// <summary>A folder that mail cannot be delivered to just now.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Waiting">Messages waiting for it.</param>
/// <param name="Failures">Tries since the last success.</param>
/// <param name="Error">What went wrong last.</param>
/// <param name="RetryAt">When it is tried again.</param>
internal sealed record FailingFolder(FolderRef Folder, int Waiting, int Failures, string Error, DateTimeOffset RetryAt);
