using System.Net.Sockets;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Protections;
using Backstop.Mailboxes;
using Backstop.Server.Delivery;
using Backstop.Server.Filters;
using Backstop.Server.Guard;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>
/// Makes the parts of a server from its options, and connects them. Most stay until the server ends; what a configuration alone decides
/// is <see cref="Configured"/> and is replaced as a whole.
/// </summary>
internal sealed class ServerParts : IDisposable
{
    private readonly TimeProvider _time;
    private readonly BackstopMetrics _metrics;
    private readonly ILoggerFactory _logs;
    private readonly Lock _gate = new();
    private readonly List<Configured> _open = [];
    private readonly ProtectionWatch _protections;
    private volatile Configured _now;
    private bool _disposed;

    public ServerParts(
        BackstopOptions options, Descriptors descriptors, HandedSockets handed, SpamStart spam, TimeProvider time,
        BackstopMetrics metrics, ILoggerFactory logs)
    {
        (_time, _metrics, _logs) = (time, metrics, logs);
        try
        {
            Judging = new(options, spam, time, metrics, logs);
            Mail = new(options, Judging, time, metrics, logs);
            Shared = new(options, Judging, Mail, descriptors, time, logs);
            _now = Make(Judging.Now, spam);
            _open.Add(_now);
        }
        catch
        {
            // No other object disposes of them, and the spool would stay locked.
            Shared?.Dispose();
            Mail?.Dispose();
            Judging?.Dispose();
            throw;
        }

        Milter = new(RunMilter, RunMilterAsync, options.Listen, handed, time, logs.CreateLogger<MilterListeners>());
        _protections = new(logs.CreateLogger<ProtectionWatch>());
        Report = new(options, Judging, Mail, Shared, () => _now.Filters, metrics, time);
        Report.Observe();
    }

    public JudgingParts Judging { get; }

    public MailParts Mail { get; }

    public SharedFronts Shared { get; }

    public MilterListeners Milter { get; }

    public StatusReport Report { get; }

    /// <summary>What is made of the configuration in force.</summary>
    public Configured Now => _now;

    /// <summary>What the server does, for whoever asks the service manager.</summary>
    public string Words => $"serves {Judging.Recipients.Mailboxes.Count} mailboxes";

    /// <summary>Logs the protections that have begun or ceased to work. To be called every few seconds.</summary>
    public void LookAtProtections() => _protections.Look(Report.Protections);

    /// <summary>Holds what is made of the configuration in force, as long as the lease is not disposed of.</summary>
    public Configured.Lease Hold()
    {
        while (true)
        {
            // It is closed only after another one has come in its place.
            if (_now.TryHold() is { } lease)
            {
                return lease;
            }
        }
    }

    /// <summary>Makes all that a configuration decides, with its rules read. Nothing of it is in force.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="ct">Ends the work.</param>
    /// <exception cref="IOException">A file that it names cannot be read.</exception>
    /// <exception cref="InvalidDataException">One is not what it should be.</exception>
    public async Task<(Configured Configured, Dictionary<FolderRef, MailboxRecipes> Recipes)> PrepareAsync(
        BackstopOptions options, CancellationToken ct)
    {
        var settings = Judging.Make(options, _now.Settings);
        var recipes = RecipeParts.Of(options, settings.Recipients, Mail.Recipes, Mail.Helpers, _time, _logs);
        var spam = SpamStart.Begin(options, _time, _now.Filters.Start, _now.Filters.Filter?.Engine, Judging.Learner);
        Judging.Watch(spam);
        if (spam.Engine is { } engine)
        {
            await engine.WaitAsync(ct);
        }

        if (settings.Dnsbl != _now.Settings.Dnsbl)
        {
            // A list is believed once its test points answer.
            await settings.Dnsbl.TestAsync(ct);
        }

        // The last thing that may fail.
        var next = Make(settings, spam);
        try
        {
            Judging.Storms.Overrides.ReadAnew();
            return (next, recipes);
        }
        catch
        {
            next.Dispose();
            throw;
        }
    }

    /// <summary>Puts in force what was made of a configuration.</summary>
    public void Take(Configured next, Dictionary<FolderRef, MailboxRecipes> recipes)
    {
        var old = _now;
        lock (_gate)
        {
            _open.RemoveAll(c => c.IsClosed);
            _open.Add(next);
        }

        Judging.Take(next.Settings);
        Shared.Take(next.Settings.Options);
        _now = next;
        try
        {
            Mail.Take(next.Settings.Options, recipes);
        }
        finally
        {
            old.Filters.Filter?.BeReplaced();
            old.Release();
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Mail.Sessions.Dispose();
        Milter.Dispose();
        Shared.Dispose();
        Mail.Dispose();
        lock (_gate)
        {
            _open.ForEach(c => c.Dispose());
        }

        Judging.Dispose();
    }

    private Configured Make(Settings settings, SpamStart spam)
    {
        var filters = new FilterParts(settings, spam, Mail.Precedence.Ladder, _time, _metrics, _logs);
        try
        {
            return new(settings, filters, Judging, Mail, Shared, _time, _metrics, _logs);
        }
        catch
        {
            filters.Dispose();
            throw;
        }
    }

    private void RunMilter(Socket socket)
    {
        using var held = Hold();
        held.Of.Fronts.Milter.Run(socket);
    }

    private async Task RunMilterAsync(Socket socket)
    {
        using var held = Hold();
        await held.Of.Fronts.Milter.RunAsync(socket);
    }
}
