using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>A mailbox to clean, opened by <c>MailSources</c>. It holds a connection or files until it is disposed of.</summary>
public interface IMailSource : IAsyncDisposable
{
    /// <summary>What the run is kept under: an absolute path, or a server's address.</summary>
    string Name { get; }

    /// <summary><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</summary>
    string Format { get; }

    /// <summary>What the last scan could not look at, in one sentence; or null.</summary>
    string? Remark => null;

    /// <summary>The Sent folders that belong to it.</summary>
    internal Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct);

    /// <summary>Reads and judges everything. Changes nothing.</summary>
    internal Task<IReadOnlyList<FoundMail>> ScanAsync(CleanJudge judge, Meter meter, CancellationToken ct);

    /// <summary>Moves messages. Those that somebody else has touched since they were seen stay.</summary>
    /// <returns>How many are moved; null where the mailbox has changed and must be read again.</returns>
    internal Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct);

    /// <summary>Finishes what a run has begun and a crash interrupted.</summary>
    internal Task FinishAsync(Run run, CancellationToken ct);
}
