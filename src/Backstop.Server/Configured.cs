using Backstop.Judging;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>
/// All that was made from one configuration. Sessions, and messages that are scanned later, hold it until they end: whoever began by one
/// configuration ends by it, and what it has open is closed behind the last of them.
/// </summary>
internal sealed partial class Configured : IDisposable
{
    private readonly ILogger<Configured> _log;
    private int _holders = 1;
    private int _disposed;

    public Configured(
        Settings settings, FilterParts filters, JudgingParts judging, MailParts mail, SharedFronts shared, TimeProvider time,
        BackstopMetrics metrics, ILoggerFactory logs)
    {
        _log = logs.CreateLogger<Configured>();
        Settings = settings;
        Filters = filters;
        if (filters.Filter is { } filter)
        {
            filter.Hold = Hold;
        }

        Fronts = new(this, judging, mail, shared, time, metrics, logs);
    }

    public Settings Settings { get; }

    public FilterParts Filters { get; }

    public FrontParts Fronts { get; }

    /// <summary>Whether all that it has open is closed.</summary>
    public bool IsClosed => Volatile.Read(ref _disposed) > 0;

    /// <summary>Holds it; null where the last holder has gone.</summary>
    public Lease? TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return new(this);
            }

            holders = seen;
        }

        return null;
    }

    /// <summary>Ends a hold; the first one is that of the server, as long as the configuration is in force.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return;
        }

        try
        {
            Dispose();
        }
        catch (Exception error)
        {
            // It ends the session of somebody who has nothing to do with it.
            LogNotClosed(error);
        }
    }

    /// <summary>Closes what is open, whoever holds it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Fronts.Dispose();
            Filters.Dispose();
        }
    }

    /// <summary>Holds it for somebody who began under a hold and goes on without it.</summary>
    public Lease Hold() => TryHold() ?? throw new InvalidOperationException("held by nobody who could begin this");

    [LoggerMessage(5017, LogLevel.Error, "what an earlier configuration had open cannot be closed: a bug in Backstop; please report it")]
    private partial void LogNotClosed(Exception error);

    /// <summary>A hold, which ends when this is disposed of.</summary>
    internal sealed class Lease(Configured of) : IDisposable
    {
        private int _ended;

        public Configured Of => of;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                of.Release();
            }
        }
    }
}
