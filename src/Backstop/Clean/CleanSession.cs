using System.Diagnostics;
using System.Globalization;
using Backstop.Clean.Report;
using Backstop.Judging.Storms;
using Backstop.Mailboxes.Runs;

namespace Backstop.Clean;

/// <summary>Cleans one mailbox: reads what was sent, reads the mailbox, says what is in it, and moves what is to go where that was asked for.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="engine">Makes the judge of what was sent.</param>
/// <param name="store">Where runs are kept.</param>
/// <param name="time">The clock.</param>
internal sealed class CleanSession(CleanOptions options, CleanEngine engine, RunStore store, TimeProvider time)
{
    // Mail may arrive while the mailbox is read. That a mail program rewrites it again and again is no flood.
    private const int MaxTries = 4;

    private readonly Meter _meter = new();
    private readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal);
    private int _reports;

    /// <summary>Cleans it.</summary>
    /// <returns>Whether backscatter was found and is still there.</returns>
    public async Task<bool> RunAsync(IMailSource source, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        using var run = options.IsApply ? await ResumeAsync(source, ct) : null;
        if (!options.IsApply)
        {
            WarnOfInterrupted(source);
        }

        var (plan, sent, moved, made) = await ProgressBar.WhileAsync(_meter, time, () => WorkAsync(source, run, ct));
        using (made)
        {
            if (source.Remark is { } remark)
            {
                await Console.Error.WriteLineAsync($"backstop: {PlainText.Of(remark, 1000)}");
            }

            var done = made ?? run;
            var summary = new CleanSummary(
                source.Name, plan.Messages.Count, plan.Count(Pile.Backscatter), plan.Count(Pile.Mail) + plan.Count(Pile.Ours), plan.Count(Pile.Unsure), moved,
                Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3), done?.Id, plan.Count(Pile.Ours), sent.Count, options.Target.IsDelete ? "" : options.Target.Folder);
            await WriteFilesAsync(plan, summary, ct);
            Say(plan, sent, summary);
        }

        return !options.IsApply && plan.Count(Pile.Backscatter) > 0;
    }

    private async Task<(CleanPlan Plan, SentMail Sent, int Moved, Run? Made)> WorkAsync(IMailSource source, Run? resumed, CancellationToken ct)
    {
        var (judge, sent) = await engine.JudgeAsync(source, options, _meter, ct);
        Run? made = null;
        for (var tries = 1; ; tries++)
        {
            var plan = CleanPlan.Make(await source.ScanAsync(judge, _meter, ct), options);
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
            _meter.Begin(options.Target.IsDelete ? "deleting" : "moving", plan.ToMove.Count);
            if (await MoveAsync(source, (made ?? resumed)!, plan, ct) is { } moved)
            {
                return (plan, sent, moved, made);
            }

            if (tries == MaxTries)
            {
                throw new CommandException(ExitCode.TryAgain, $"{source.Name}: another program keeps changing it; nothing was moved");
            }
        }
    }

    private async Task<int?> MoveAsync(IMailSource source, Run run, CleanPlan plan, CancellationToken ct)
    {
        try
        {
            var moved = await source.MoveAsync(run, plan.ToMove, options.Target, _meter, ct);
            if (moved is { } count)
            {
                run.Append(new RunDone(count, time.GetUtcNow()));
            }

            return moved;
        }
        catch (OperationCanceledException)
        {
            throw new CommandException(ExitCode.TryAgain, $"stopped; every message is in one place. The same command goes on with it, backstop undo {run.Id} takes it back");
        }
    }

    // A run over this mailbox that was stopped is gone on with, so that one undo takes back all of it.
    private async Task<Run?> ResumeAsync(IMailSource source, CancellationToken ct)
    {
        if (store.Unfinished(source.Name) is not { } last)
        {
            return null;
        }

        var run = store.Open(last.Id) ?? throw new CommandException(ExitCode.TryAgain, $"{source.Name}: another clean is at work on it (run {last.Id})");
        if (last.State == RunState.Undoing)
        {
            run.Dispose();
            throw new CommandException(ExitCode.TryAgain, $"{source.Name}: taking back run {last.Id} was stopped; first: backstop undo {last.Id}");
        }

        await Console.Error.WriteLineAsync($"backstop: going on with run {last.Id}, which was stopped");
        await source.FinishAsync(run, ct);
        return run;
    }

    private void WarnOfInterrupted(IMailSource source)
    {
        if (store.Unfinished(source.Name) is { } last)
        {
            Console.Error.WriteLine($"backstop: run {last.Id} over this mailbox was stopped: --apply goes on with it, backstop undo {last.Id} takes it back");
        }
    }

    private async Task WriteFilesAsync(CleanPlan plan, CleanSummary summary, CancellationToken ct)
    {
        if (options.Report is { } report)
        {
            var page = CleanReport.Write(summary.Mailbox, plan, summary, time.GetUtcNow());
            await File.WriteAllTextAsync(ReportFile(report, ++_reports), page, ct);
        }

        // One list of all mailboxes: what the next one adds is written over it.
        var found = plan.Messages.Where(m => m.Judgement.Pile == Pile.Backscatter).Select(m => m.Judgement.Address).OfType<string>()
            .CountBy(a => a, StringComparer.Ordinal).ToDictionary();
        foreach (var (address, count) in found)
        {
            _hosts[address] = _hosts.GetValueOrDefault(address) + count;
        }

        foreach (var (format, path) in options.Hosts)
        {
            var list = HostList.Write(format, path == "-" ? found : _hosts, time.GetUtcNow(), "backstop clean");
            if (path == "-")
            {
                await Console.Out.WriteAsync(list);
                continue;
            }

            await File.WriteAllTextAsync(path, list, ct);
        }
    }

    /// <summary>The page of the first mailbox goes into the file that was named, those of the next into others beside it.</summary>
    internal static string ReportFile(string file, int number)
    {
        var (stem, end) = (Path.GetFileNameWithoutExtension(file), Path.GetExtension(file));
        var name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{number}{end}");
        return number == 1 ? file : Path.Combine(Path.GetDirectoryName(file)!, name);
    }

    private void Say(CleanPlan plan, SentMail sent, CleanSummary summary)
    {
        if (options.IsJson)
        {
            CleanJsonLines.Write(plan, options.Show, summary);
            return;
        }

        using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        var (columns, rows) = Screen();
        var table = new CleanTable(output, columns, rows);
        if (options.Show.Count > 0)
        {
            table.WriteMessages(plan, options.Show);
        }
        else
        {
            table.WriteCampaigns(plan);
        }

        foreach (var line in CleanSentences.Of(plan, sent, summary, options))
        {
            output.WriteLine(line);
        }
    }

    private static (int Columns, int Rows) Screen()
    {
        // Two rows a campaign; the sums and the heads need a dozen.
        const int rest = 14;
        return Console.IsOutputRedirected || Console.WindowHeight == 0
            ? (100, 20)
            : (Math.Clamp(Console.WindowWidth, 80, 200), Math.Clamp((Console.WindowHeight - rest) / 2, 4, 40));
    }
}
