using Backstop.Clean.Imap;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean.Running;

/// <summary>Takes a run back, whatever kind of mailbox it was made on.</summary>
/// <param name="access">What is needed to reach an IMAP server.</param>
/// <param name="time">The clock.</param>
public sealed class CleanUndo(ImapAccess access, TimeProvider time)
{
    /// <summary>
    /// Puts the messages of a run back where they were. A message that has been moved or deleted since is counted as
    /// missing.
    /// </summary>
    /// <param name="run">The run, from <see cref="RunStore.Open"/>.</param>
    /// <param name="meter">Counts the messages.</param>
    /// <param name="ct">Stops the work. A second call with the same run continues it.</param>
    /// <exception cref="CleanException">The kind of mailbox is unknown, or the server cannot be reached or refuses.</exception>
    /// <exception cref="IOException">A folder or file cannot be written.</exception>
    public async Task<UndoResult> RunAsync(Run run, Meter meter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(meter);
        meter.Begin("taking back", 0);
        switch (run.Started.Format)
        {
            case "maildir":
                meter.Begin("taking back", run.Entries.Count(e => e is FileMove or FileArchived));
                return new MaildirUndo(run, time).Undo(() => meter.Add(1), ct);
            case "mbox":
                return await new MboxUndo(run, time).UndoAsync(ct);
            case "imap":
                return await ImapUndo.RunAsync(run, access, meter, time, ct);
            default:
                throw new CleanException(
                    CleanFailure.BadInput,
                    $"run {run.Id}: unknown kind of mailbox \"{run.Started.Format}\"; use the version of backstop that made it");
        }
    }
}
