using System.Diagnostics.Metrics;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Control;
using Backstop.Server.Delivery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Server;

/// <summary>The queue of a server that does not run. It holds the spool's lock, so that none can start meanwhile.</summary>
internal sealed class OfflineQueue : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly BackstopMetrics _metrics;
    private readonly SpoolLog _spool;
    private readonly DeliveryQueue _delivery;

    /// <summary>Opens the queue; nothing of it is delivered until that is asked for.</summary>
    /// <param name="options">The server's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">A server uses the spool, or it cannot be read.</exception>
    public OfflineQueue(BackstopOptions options, TimeProvider time)
    {
        var recipients = new Recipients(options);
        ILoggerFactory logs = NullLoggerFactory.Instance;
        (_spool, var pending, _) = SpoolLog.Open(
            DataPaths.Spool(options), new() { SegmentSize = options.Spool.Segment.Bytes }, time);
        try
        {
            var helpers = new Users.UserHelpers(TimeProvider.System);
            _metrics = new(_services.GetRequiredService<IMeterFactory>());
            _delivery = new(
                _spool, options.Hostname, time, _metrics, logs.CreateLogger<DeliveryQueue>(),
                RecipeParts.Make(options, recipients, _spool, helpers, time, logs))
            {
                IsIdle = true,
                Find = new DeliveryTargets(() => recipients).Find,
                Helpers = helpers,
            };
            _delivery.Replay(pending);
        }
        catch
        {
            _spool.Dispose();
            throw;
        }

        Desk = new(_spool, _delivery, () => recipients, time);
    }

    /// <summary>Carries out what is asked of the spool while no server runs.</summary>
    public QueueDesk Desk { get; }

    public void Dispose()
    {
        _delivery.Dispose();
        _spool.Checkpoint();
        _spool.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }
}
