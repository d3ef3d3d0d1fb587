using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Backstop.Mailboxes.Runs;

/// <summary>What is known of a run without holding it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Started">How it began.</param>
/// <param name="State">How far it got.</param>
/// <param name="Moved">How many messages it moved, as far as it says.</param>
public sealed record RunSummary(string Id, RunStarted Started, RunState State, int Moved);

/// <summary>The folder of all runs.</summary>
/// <param name="folder">Where it is; made when the first run is.</param>
/// <param name="time">The clock.</param>
public sealed class RunStore(string folder, TimeProvider time)
{
    /// <summary>The folder that holds the runs.</summary>
    public string Folder => folder;

    /// <summary>Begins a run: makes its folder and its log, on the disk when this returns.</summary>
    /// <param name="mailbox">The mailbox.</param>
    /// <param name="format">Its format.</param>
    /// <param name="to">The folder that messages go to.</param>
    /// <returns>The run, held until it is disposed of.</returns>
    /// <exception cref="IOException">The folder cannot be made or written.</exception>
    public Run Create(string mailbox, string format, string to)
    {
        var now = time.GetUtcNow();
        var id = string.Create(
            CultureInfo.InvariantCulture, $"{now:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        return Run.Create(Path.Combine(folder, id), new(mailbox, format, to, now));
    }

    /// <summary>Takes a run; null where another process has it.</summary>
    /// <param name="id">Its name.</param>
    public Run? Open(string id) => Run.Open(Path.Combine(folder, id));

    /// <summary>All runs, the newest first. A folder whose first line never reached the disk is none.</summary>
    public IReadOnlyList<RunSummary> List() => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateDirectories(folder).OrderDescending(StringComparer.Ordinal).Select(Summary).OfType<RunSummary>()];

    /// <summary>The runs that a text may mean: a whole name, or a part of one.</summary>
    /// <param name="text">What somebody wrote.</param>
    public IReadOnlyList<RunSummary> Find(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return [.. List().Where(r => r.Id.Contains(text, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>The newest run over a mailbox that was stopped in the middle, or null.</summary>
    /// <param name="mailbox">The mailbox.</param>
    public RunSummary? Unfinished(string mailbox) =>
        List().FirstOrDefault(r => r.Started.Mailbox == mailbox) is { State: RunState.Interrupted or RunState.Undoing } last ? last : null;

    /// <summary>Removes a run for good, with everything it keeps: it cannot be taken back any more.</summary>
    /// <param name="run">The run, held.</param>
    public static void Forget(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Directory.Delete(run.Folder, recursive: true);
    }

    // The log of a large run is long, and only three of its lines are wanted. A quote inside a JSON string is written otherwise, so
    // no path can look like them.
    private static RunSummary? Summary(string path)
    {
        var log = Path.Combine(path, Run.LogName);
        var lines = File.Exists(log) ? File.ReadAllBytes(log) : [];
        if (Line(lines, 0) is not RunStarted started)
        {
            return null;
        }

        var done = lines.AsSpan().LastIndexOf("{\"op\":\"done\""u8);
        var state = lines.AsSpan().IndexOf("{\"op\":\"undone\""u8) >= 0 ? RunState.Undone
            : lines.AsSpan().IndexOf("{\"op\":\"undo\""u8) >= 0 ? RunState.Undoing
            : done >= 0 ? RunState.Done
            : RunState.Interrupted;
        return new(Path.GetFileName(path), started, state, done >= 0 && Line(lines, done) is RunDone end ? end.Moved : 0);
    }

    private static RunEntry? Line(byte[] lines, int at)
    {
        var lf = lines.AsSpan(at).IndexOf((byte)'\n');
        return lf < 0 ? null : JsonSerializer.Deserialize(lines.AsSpan(at, lf), RunJson.Default.RunEntry);
    }
}
