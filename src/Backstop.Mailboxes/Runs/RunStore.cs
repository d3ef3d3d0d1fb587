using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Backstop.Mailboxes.Runs;

/// <summary>What is known of a run without opening it.</summary>
/// <param name="Id">The run's id.</param>
/// <param name="Started">The first entry of its log.</param>
/// <param name="State">How far the run or its undoing has come.</param>
/// <param name="Moved">How many messages it has moved, according to its log.</param>
public sealed record RunSummary(string Id, RunStarted Started, RunState State, int Moved);

/// <summary>The folder with all runs.</summary>
/// <param name="folder">Its path; created with the first run.</param>
/// <param name="time">The clock.</param>
public sealed class RunStore(string folder, TimeProvider time)
{
    /// <summary>The folder that holds the runs.</summary>
    public string Folder => folder;

    /// <summary>Begins a run: creates its folder and its log, which are on the disk when this returns.</summary>
    /// <param name="mailbox">An absolute path, or the address of a folder on a server.</param>
    /// <param name="format"><c>maildir</c>, <c>mbox</c> or <c>imap</c>.</param>
    /// <param name="to">The folder that messages go to.</param>
    /// <returns>The run, held until it is disposed of.</returns>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public Run Create(string mailbox, string format, string to)
    {
        var now = time.GetUtcNow();
        var id = string.Create(
            CultureInfo.InvariantCulture, $"{now:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        return Run.Create(Path.Combine(folder, id), new(mailbox, format, to, now));
    }

    /// <summary>Opens a run; null if another process holds it.</summary>
    /// <param name="id">The run's id.</param>
    public Run? Open(string id) => Run.Open(Path.Combine(folder, id));

    /// <summary>Returns all runs, the newest first. A folder whose first line never reached the disk is not a run.</summary>
    public IReadOnlyList<RunSummary> List() => !Directory.Exists(folder)
        ? []
        : [.. Directory.EnumerateDirectories(folder).OrderDescending(StringComparer.Ordinal).Select(Summary).OfType<RunSummary>()];

    /// <summary>Returns the runs that a text matches: by the whole id, or by a part of it.</summary>
    /// <param name="text">A whole id, or any part of one.</param>
    public IReadOnlyList<RunSummary> Find(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return [.. List().Where(r => r.Id.Contains(text, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>Returns the newest unfinished run over a mailbox, or null.</summary>
    /// <param name="mailbox">The name that its runs have in <see cref="RunStarted"/>.</param>
    public RunSummary? Unfinished(string mailbox) =>
        List().FirstOrDefault(r => r.Started.Mailbox == mailbox) is { State: RunState.Interrupted or RunState.Undoing } last ? last : null;

    /// <summary>Deletes a run and everything that it keeps: it can no longer be undone.</summary>
    /// <param name="run">The run, held.</param>
    public static void Forget(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Directory.Delete(run.Folder, recursive: true);
    }

    // The log of a large run is long, and only three of its lines are needed. Quotes inside a JSON string are escaped,
    // so no path can look like them.
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
