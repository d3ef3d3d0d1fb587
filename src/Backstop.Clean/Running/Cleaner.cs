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

    /// <summary>What is in the mailbox, and what is to go.</summary>
    public CleanPlan Plan { get; }

    /// <summary>The counts, and the run that moved messages.</summary>
    public CleanSummary Summary { get; }

    internal SentMail Sent { get; }
}

/// <summary>
/// Cleans a mailbox: reads what was sent, reads the mailbox, says what is in it, and moves what is to go where that was asked for.
/// </summary>
/// <param name="options">What was asked for.</param>
/// <param name="engine">Makes the judge of what was sent.</param>
/// <param name="store">Where runs are kept.</param>
/// <param name="time">The clock.</param>
public sealed class Cleaner(CleanOptions options, CleanEngine engine, RunStore store, TimeProvider time)
{
    // Mail may arrive while the mailbox is read. That a mail program rewrites it again and again is no flood.
    private const int MaxTries = 4;

    /// <summary>
    /// Looks for a run over this mailbox that was stopped. With <c>IsApply</c> it is gone on with, so that one undo takes back all
    /// of it.
    /// </summary>
    /// <param name="source">The mailbox.</param>
    /// <param name="say">Told of it, in one sentence for a person.</param>
    /// <param name="ct">Stops the work.</param>
    /// <returns>The run to go on with; null for none.</returns>
    /// <exception cref="CleanException">Another program is at work on it, or it was being taken back.</exception>
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
            say($"run {last.Id} over this mailbox was stopped: --apply goes on with it, backstop undo {last.Id} takes it back");
            return null;
        }

        var run = store.Open(last.Id)
            ?? throw new CleanException(CleanFailure.TryAgain, $"{source.Name}: another clean is at work on it (run {last.Id})");
        if (last.State == RunState.Undoing)
        {
            run.Dispose();
            throw new CleanException(
                CleanFailure.TryAgain, $"{source.Name}: taking back run {last.Id} was stopped; first: backstop undo {last.Id}");
        }

        say($"going on with run {last.Id}, which was stopped");
        await source.FinishAsync(run, ct);
        return run;
    }

    /// <summary>Reads the mailbox, and moves what is to go where that was asked for.</summary>
    /// <param name="source">The mailbox.</param>
    /// <param name="resumed">The run to go on with; null for none.</param>
    /// <param name="meter">Counts what is done.</param>
    /// <param name="ct">Stops it; every message is in one place then.</param>
    /// <exception cref="CleanException">It was stopped, or another program keeps changing the mailbox.</exception>
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
            var plan = CleanPlan.Make(await source.ScanAsync(judge, meter, ct), options);
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
                throw new CleanException(CleanFailure.TryAgain, $"{source.Name}: another program keeps changing it; nothing was moved");
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
                $"stopped; every message is in one place. The same command goes on with it, backstop undo {run.Id} takes it back");
        }
    }
}
