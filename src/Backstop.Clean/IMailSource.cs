using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>
/// A mailbox to clean, opened by <c>MailSources</c>. It holds files or a connection until it is disposed of.
/// </summary>
public interface IMailSource : IAsyncDisposable
{
    /// <summary>
    /// The name that the run is kept under: an absolute path, or the address of a folder on a server.
    /// </summary>
    string Name { get; }

    /// <summary><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</summary>
    string Format { get; }

    /// <summary>One sentence about files that the last reading left out; null where all were read.</summary>
    string? Remark => null;

    /// <summary>Finds the Sent folders that belong to the mailbox.</summary>
    internal Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct);

    /// <summary>Reads the mailbox and sorts every message into a pile. Changes nothing.</summary>
    internal Task<IReadOnlyList<FoundMail>> SortAsync(CleanJudge judge, Meter meter, CancellationToken ct);

    /// <summary>
    /// Moves messages. A message that another program has changed since it was read stays where it is.
    /// </summary>
    /// <returns>How many were moved; null where the mailbox has changed so that it must be read again.</returns>
    internal Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct);

    /// <summary>Completes the moves of a run that was interrupted by a crash.</summary>
    internal Task FinishAsync(Run run, CancellationToken ct);
}
