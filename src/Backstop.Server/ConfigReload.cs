using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Server.Control;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>
/// Takes up the configuration anew while the server runs: reads the file and every file that it names, and swaps at once, or keeps all of
/// the old one and says why. One reload comes after the other.
/// </summary>
/// <param name="parts">The parts of the server.</param>
/// <param name="options">The configuration that it was started with, as it is in force.</param>
/// <param name="started">The keys of that configuration as they were asked for.</param>
/// <param name="surroundings">Reads the configuration, and tells the service manager.</param>
/// <param name="passwordChanged">Ends the logins at the dashboard.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed partial class ConfigReload(
    ServerParts parts, BackstopOptions options, IReadOnlyDictionary<string, string> started, Surroundings surroundings,
    Action passwordChanged, TimeProvider time, ILogger<ConfigReload> log) : IAsyncDisposable
{
    private const int MaxNamed = 20;

    private readonly SemaphoreSlim _one = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly IReadOnlyDictionary<string, string> _started = started;
    private IReadOnlyDictionary<string, string> _keys = started;
    private Task _begun = Task.CompletedTask;

    /// <summary>Begins a reload for somebody who does not wait for it.</summary>
    /// <param name="by">Who wants it.</param>
    public void Begin(string by)
    {
        lock (_gate)
        {
            _begun = Task.WhenAll(_begun, Task.Run(() => RunAsync(by, _stopping.Token)));
        }
    }

    /// <summary>Takes up the configuration.</summary>
    /// <param name="by">Who wants it, for the log.</param>
    /// <param name="ct">Ends the wait; the old configuration stays then.</param>
    public async Task<ReloadReport> RunAsync(string by, CancellationToken ct)
    {
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping.Token);
            await _one.WaitAsync(end.Token);
            try
            {
                return await ReloadAsync(by, end.Token);
            }
            finally
            {
                _one.Release();
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            var refused = ReloadReport.Refused("the server stops; it reads its configuration when it starts again");
            return Refuse(by, refused with { IsForLater = true });
        }
    }

    /// <summary>Refuses further reloads, and waits for the end of one under way.</summary>
    public async ValueTask DisposeAsync()
    {
        // Not disposed of: whoever asks later must be answered.
        await _stopping.CancelAsync();
        Task begun;
        lock (_gate)
        {
            begun = _begun;
        }

        await begun;
        await _one.WaitAsync(CancellationToken.None);
        _one.Release();
    }

    private async Task<ReloadReport> ReloadAsync(string by, CancellationToken ct)
    {
        if (parts.Mail.Sessions.IsStopping)
        {
            throw new OperationCanceledException("the server stops");
        }

        surroundings.Manager.Reloading();
        var report = await TakeAsync(ct);
        parts.Report.Reload = new(time.GetUtcNow(), report.IsTaken, report.Waiting, report.Errors);
        if (report.IsTaken)
        {
            LogTaken(by, report.Changed.Count, Named(report.Changed));
            if (report.Waiting.Count > 0)
            {
                LogWaiting(Named(report.Waiting));
            }
        }
        else
        {
            Refuse(by, report);
        }

        foreach (var warning in report.Warnings)
        {
            LogWarning(warning);
        }

        surroundings.Manager.Ready(report.IsTaken ? parts.Words : parts.Words + "; the last reload was refused");
        return report;
    }

    private async Task<ReloadReport> TakeAsync(CancellationToken ct)
    {
        Configured? next = null;
        try
        {
            var warnings = new List<ConfigError>();
            var (read, errors) = surroundings.Read(warnings);
            if (errors.Count > 0)
            {
                return ReloadReport.Refused([.. errors.Select(e => e.ToString())]);
            }

            var keys = ConfigKeys.Of(read);
            ConfigKeys.KeepStarted(read, options);
            if (Mixed(read) is { Count: > 0 } mixed)
            {
                return ReloadReport.Refused(mixed);
            }

            foreach (var sentence in DataFolder.Close(read))
            {
                LogWarning(sentence);
            }

            (next, var recipes) = await parts.PrepareAsync(read, ct);
            ct.ThrowIfCancellationRequested();
            var report = new ReloadReport(
                IsTaken: true, [.. ConfigKeys.Changed(_keys, keys).Where(k => !ConfigKeys.NeedsStart(k))],
                [.. ConfigKeys.Changed(_started, keys).Where(ConfigKeys.NeedsStart)], [], [.. warnings.Select(w => w.ToString())]);
            var hadPassword = parts.Now.Settings.Options.Web.Password;
            // Whatever goes wrong from here on, it is in force.
            var taken = next;
            (next, _keys) = (null, keys);
            parts.Take(taken, recipes);
            if (hadPassword != read.Web.Password)
            {
                passwordChanged();
            }

            return report;
        }
        catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // Whatever is wrong, mail goes on by the old configuration.
            if (error is not (IOException or UnauthorizedAccessException or InvalidDataException or CertificateException))
            {
                LogBug(error);
            }

            return ReloadReport.Refused(error.Message);
        }
        finally
        {
            next?.Dispose();
        }
    }

    // Keys that wait for a restart have their old values, and with these the others must make sense too.
    private static List<string> Mixed(BackstopOptions read)
    {
        var problems = new Problems();
        read.Check(problems);
        return problems.All;
    }

    private ReloadReport Refuse(string by, ReloadReport report)
    {
        LogRefused(by, string.Join("; ", report.Errors.Take(MaxNamed)));
        return report;
    }

    private static string Named(IReadOnlyList<string> keys) =>
        keys.Count <= MaxNamed ? string.Join(", ", keys) : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{string.Join(", ", keys.Take(MaxNamed))} and {keys.Count - MaxNamed} more");

    private sealed class Problems : IConfigProblems
    {
        public List<string> All { get; } = [];

        public void Add(string key, string message) =>
            All.Add($"{key}: {message} (a key beside it has changed and waits for a restart: restart the server instead)");

        public void Warn(string key, string message)
        {
            // The file's own warnings are told already.
        }
    }

    [LoggerMessage(5018, LogLevel.Information, "configuration taken up, asked by {By}: {Count} keys changed: {Keys}")]
    private partial void LogTaken(string by, int count, string keys);

    [LoggerMessage(5019, LogLevel.Warning, "changed, and waits for a restart: {Keys}")]
    private partial void LogWaiting(string keys);

    [LoggerMessage(5020, LogLevel.Error, "configuration refused, asked by {By}; the one before it stays in force: {Errors}")]
    private partial void LogRefused(string by, string errors);

    [LoggerMessage(5021, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(5022, LogLevel.Error, "a reload failed because of a bug in Backstop; please report it")]
    private partial void LogBug(Exception error);
}
