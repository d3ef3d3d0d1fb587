using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backstop.Clean;
using Backstop.Clean.Running;
using Backstop.Mailboxes.Runs;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>The verb <c>undo</c>: takes back a run of <c>clean</c>, or lists the runs.</summary>
internal static class UndoCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("RUN")
        {
            Description = "The run, or a part of its id. Without it, the runs are listed.",
            Arity = ArgumentArity.ZeroOrOne
        };
        var forget = new Option<bool>("--forget") { Description = "Do not take the run back, but delete the copies it keeps, for good." };
        var state = CleanArguments.StateOption();
        var ca = new Option<string?>("--ca")
        {
            Description = "Certificates to trust, for a server with its own CA (PEM).",
            HelpName = "FILE"
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "undo", "Take a run of clean back: every message returns to its place, with its flags and times.")
            { name, forget, state, ca, json };
        command.SetAction(async (parsed, ct) =>
        {
            var store = CleanArguments.StoreOf(parsed.GetValue(state));
            return parsed.GetValue(name) is not { } run ? List(store, parsed.GetValue(json))
                : parsed.GetValue(forget) ? Forget(store, run)
                : await RunAsync(store, run, parsed.GetValue(json), parsed.GetValue(ca), ct);
        });
        return command;
    }

    public static async Task<int> RunAsync(RunStore store, string name, bool json, string? ca, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        using var run = Take(store, name, out var summary);
        if (summary.State == RunState.Undone)
        {
            throw new CommandException(ExitCode.Usage, $"run {run.Id} has already been taken back");
        }

        using var stop = Interrupts.Of(ct);
        var meter = new Meter();
        var result = await ProgressBar.WhileAsync(
            meter, TimeProvider.System, () => new CleanUndo(ServerAccess.Of(ca), TimeProvider.System).RunAsync(run, meter, stop.Token));
        var done = new UndoSummary(
            run.Id, run.Started.Mailbox, result.Restored, result.Missing, result.Appended,
            Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 3));
        Console.WriteLine(json ? JsonSerializer.Serialize(done, CleanJson.Default.UndoSummary) : Sentence(done));
        return ExitCode.Done;
    }

    private static int List(RunStore store, bool json)
    {
        foreach (var run in store.List())
        {
            var state = run.State.ToString().ToLowerInvariant();
            Console.WriteLine(json
                ? JsonSerializer.Serialize(
                new(run.Id, state, run.Moved, run.Started.Format, run.Started.Mailbox, run.Started.To, run.Started.At),
                CleanJson.Default.RunLine)
                : string.Create(
                CultureInfo.InvariantCulture, $"{run.Id}  {state,-11} {run.Moved,7:N0} to {run.Started.To,-12} {run.Started.Mailbox}"));
        }

        return ExitCode.Done;
    }

    private static int Forget(RunStore store, string name)
    {
        using var run = Take(store, name, out _);
        var size = run.Size;
        RunStore.Forget(run);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"forgotten: run {run.Id}, {size / 1e6:F1} MB; it cannot be taken back any more"));
        return ExitCode.Done;
    }

    private static Run Take(RunStore store, string name, out RunSummary summary)
    {
        var found = store.Find(name);
        summary = found switch
        {
            [var one] => one,
            [] => throw new CommandException(
                ExitCode.NoInput,
                $"{name}: no such run in {store.Folder}; list the runs with: backstop undo{CleanArguments.StateOf(store)}"),
            _ => throw new CommandException(
                ExitCode.Usage,
                $"{name}: several runs match, {string.Join(", ", found.Select(r => r.Id))}; give more of the id"),
        };
        return store.Open(summary.Id)
            ?? throw new CommandException(
                ExitCode.TryAgain,
                $"run {summary.Id}: another backstop is working on it; try again when that has ended");
    }

    private static string Sentence(UndoSummary done) => string.Create(
        CultureInfo.InvariantCulture,
        $"{done.Restored:N0} messages are back in {done.Mailbox}{Where(done)}{Missing(done)}");

    private static string Where(UndoSummary done) =>
        done.Appended > 0 ? ", at its end, because another program has rewritten it since" : "";

    private static string Missing(UndoSummary done) => done.Missing == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"; {done.Missing:N0} had been moved or deleted since and stay so");
}
