using System.Diagnostics;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean.Running;

/// <summary>The result of cleaning a mailbox.</summary>
public sealed class CleanOutcome
{
    internal CleanOutcome(CleanPlan plan, SentMail sent, CleanSummary summary)
    {
        Plan = plan;
        Sent = sent;
        Summary = summary;
    }

    /// <summary>The messages of the mailbox, and which of them are to be moved.</summary>
    public CleanPlan Plan { get; }

    /// <summary>The counts, and the run that moved messages.</summary>
    public CleanSummary Summary { get; }

    internal SentMail Sent { get; }
}

/// <summary>
/// Cleans a mailbox: reads the sent mail and the mailbox, sorts the messages, and moves backscatter where that was
/// asked for.
/// </summary>
/// <param name="options">What to clean, and how.</param>
/// <param name="engine">Makes the judge from the sent mail.</param>
/// <param name="store">Keeps the runs.</param>
/// <param name="time">The clock.</param>
public sealed class Cleaner(CleanOptions options, CleanEngine engine, RunStore store, TimeProvider time)
{
    // Mail may arrive while the mailbox is read, so a changed mailbox is read again. More changes than this come from a
    // program at work.
    private const int MaxTries = 4;

    /// <summary>Options that follow <c>backstop undo RUN</c> where a sentence names that command, each after a blank.</summary>
    internal string UndoOptions { get; init; } = "";

    /// <summary>
    /// Looks for a run on this mailbox that was stopped. With <c>IsApply</c> that run is continued, so that one undo
    /// takes back all of it.
    /// </summary>
    /// <param name="source">The mailbox.</param>
    /// <param name="say">Receives one sentence about the stopped run, for a person.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>The run to continue; null for none.</returns>
    /// <exception cref="CleanException">Another program uses the run, or it was being taken back.</exception>
    public async Task<Run?> ResumeAsync(IMailSource source, Action<string> say, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(say);
        if (store.Unfinished(source.Name) is not { } last)
        {
            return null;
        }

        if (!options.IsApply)
        {
            say(
                $"run {last.Id} on this mailbox was stopped: continue it with --apply, or take it back with "
                    + $"backstop undo {last.Id}{UndoOptions}");
            return null;
        }

        var run = store.Open(last.Id)
            ?? throw new CleanException(
                CleanFailure.TryAgain, $"{source.Name}: another clean is working on it (run {last.Id}); try again when that has ended");
        if (last.State == RunState.Undoing)
        {
            run.Dispose();
            throw new CleanException(
                CleanFailure.TryAgain,
                $"{source.Name}: undo of run {last.Id} was stopped; complete it first with: backstop undo {last.Id}{UndoOptions}");
        }

        say($"continuing run {last.Id}, which was stopped");
        await source.FinishAsync(run, ct);
        return run;
    }

    /// <summary>Reads the mailbox, and moves backscatter where that was asked for.</summary>
    /// <param name="source">The mailbox.</param>
    /// <param name="resumed">The run to continue; null for none.</param>
    /// <param name="meter">Counts what is done.</param>
    /// <param name="ct">Stops the work. No message is lost or doubled by that.</param>
    /// <exception cref="CleanException">The work was stopped, or another program keeps changing the
    /// mailbox.</exception>
    public async Task<CleanOutcome> RunAsync(IMailSource source, Run? resumed, Meter meter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(meter);
        var started = Stopwatch.GetTimestamp();
        var (plan, sent, moved, made) = await WorkAsync(source, resumed, meter, ct);
        using (made)
        {
            var summary = new CleanSummary(
                source.Name, plan.Messages.Count, plan.Count(Pile.Backscatter), plan.Count(Pile.Mail)
                    + plan.Count(Pile.Ours), plan.Count(Pile.Unsure), moved,
                Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3), (made ?? resumed)?.Id, plan.Count(Pile.Ours), sent.Count,
                options.Target.IsDelete ? "" : options.Target.Folder);
            return new(plan, sent, summary);
        }
    }

    private async Task<(CleanPlan Plan, SentMail Sent, int Moved, Run? Made)> WorkAsync(
        IMailSource source, Run? resumed, Meter meter, CancellationToken ct)
    {
        var (judge, sent) = await engine.JudgeAsync(source, options, meter, ct);
        Run? made = null;
        for (var tries = 1; ; tries++)
        {
            var plan = CleanPlan.Make(await source.SortAsync(judge, meter, ct), options);
            if (!options.IsApply)
            {
                return (plan, sent, 0, null);
            }

            if (plan.ToMove.Count == 0)
            {
                (made ?? resumed)?.Append(new RunDone(0, time.GetUtcNow()));
                return (plan, sent, 0, made);
            }

            made ??= resumed is null ? store.Create(source.Name, source.Format, options.Target.Folder) : null;
            meter.Begin(options.Target.IsDelete ? "deleting" : "moving", plan.ToMove.Count);
            if (await MoveAsync(source, (made ?? resumed)!, plan, meter, ct) is { } moved)
            {
                return (plan, sent, moved, made);
            }

            if (tries == MaxTries)
            {
                throw new CleanException(
                    CleanFailure.TryAgain,
                    $"{source.Name}: another program keeps changing the mailbox; nothing was moved. Try again later");
            }
        }
    }

    private async Task<int?> MoveAsync(IMailSource source, Run run, CleanPlan plan, Meter meter, CancellationToken ct)
    {
        try
        {
            var moved = await source.MoveAsync(run, plan.ToMove, options.Target, meter, ct);
            if (moved is { } count)
            {
                run.Append(new RunDone(count, time.GetUtcNow()));
            }

            return moved;
        }
        catch (OperationCanceledException)
        {
            throw new CleanException(
                CleanFailure.TryAgain,
                "stopped; no message is lost or doubled. Continue with the same command, "
                    + $"or take the run back with backstop undo {run.Id}{UndoOptions}");
        }
    }
}
