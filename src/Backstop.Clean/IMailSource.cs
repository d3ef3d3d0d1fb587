using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>A mailbox to clean.</summary>
internal interface IMailSource : IAsyncDisposable
{
    /// <summary>What the run is kept under: an absolute path, or a server's address.</summary>
    string Name { get; }

    /// <summary><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</summary>
    string Format { get; }

    /// <summary>What the last scan could not look at, in one sentence; or null.</summary>
    string? Remark => null;

    /// <summary>The Sent folders that belong to it.</summary>
    Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct);

    /// <summary>Reads and judges everything. Changes nothing.</summary>
    Task<IReadOnlyList<FoundMail>> ScanAsync(CleanJudge judge, Meter meter, CancellationToken ct);

    /// <summary>Moves messages. Those that somebody else has touched since they were seen stay.</summary>
    /// <returns>How many are moved; null where the mailbox has changed and must be read again.</returns>
    Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct);

    /// <summary>Finishes what a run has begun and a crash interrupted.</summary>
    Task FinishAsync(Run run, CancellationToken ct);
}
