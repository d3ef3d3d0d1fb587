using Backstop.Configuration.Options;
using Backstop.MailAuth.Dnsbl;
using Backstop.Mailboxes.Spool;
using Backstop.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Periodic work: tests the DNS lists, writes counters, and removes old entries from the journal.</summary>
internal sealed partial class Housekeeping(
    JudgingParts judging, SpoolLog spool, TimeProvider time, ILogger<Housekeeping> log) : BackgroundService
{
    private readonly Dictionary<string, DnsblState> _said = new(StringComparer.Ordinal);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EveryAsync(() => Options.Dnsbl.TestEvery, TestListsAsync, stoppingToken),
        EveryAsync(() => TimeSpan.FromSeconds(10), Do(judging.Storms.Tick, SayLists), stoppingToken),
        EveryAsync(() => TimeSpan.FromSeconds(10), Do(judging.Stores.Tick), stoppingToken),
        EveryAsync(() => TimeSpan.FromMinutes(1), Do(judging.Write), stoppingToken),
        EveryAsync(() => TimeSpan.FromDays(1), Forget, stoppingToken));

    private BackstopOptions Options => judging.Now.Options;

    private async Task EveryAsync(Func<TimeSpan> period, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(period(), time);
        do
        {
            if (timer.Period != period())
            {
                // A reload has changed it.
                timer.Period = period();
            }

            try
            {
                await work(ct);
            }
            catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // An exception of a background service would end the host; a busy database, a full disk or a query that timed
                // out must not end a mail server.
                LogTrouble(error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private async Task TestListsAsync(CancellationToken ct)
    {
        await judging.Dnsbl.TestAsync(ct);
        SayLists();
    }

    // Also between tests, because a failing list is noticed when it is queried.
    private void SayLists()
    {
        lock (_said)
        {
            foreach (var zone in judging.Dnsbl.Zones.Where(z => _said.GetValueOrDefault(z.Name) != z.State))
            {
                _said[zone.Name] = zone.State;
                LogList(zone.State == DnsblState.Working ? LogLevel.Information : LogLevel.Warning, zone.Name, zone.State);
            }
        }
    }

    private static Func<CancellationToken, Task> Do(params Action[] work) => ct =>
    {
        ct.ThrowIfCancellationRequested();
        Array.ForEach(work, w => w());
        return Task.CompletedTask;
    };

    private Task Forget(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (spool.Deleted.Forget(time.GetUtcNow() - Options.Spool.KeepDeleted) is > 0 and var messages)
        {
            LogDeleted(messages, Options.Spool.KeepDeleted);
        }

        judging.Storms.Store.Forget(time.GetUtcNow() - Options.Storm.Keep);
        try
        {
            judging.Correspondents.Forget(Options.Journal.Keep);
            if (judging.Journal.Forget(Options.Journal.Keep) is > 0 and var forgotten)
            {
                LogForgotten(forgotten, Options.Journal.Keep);
            }
        }
        catch (StoreException)
        {
            // The watch over the stores reports this failure. Old entries are removed tomorrow.
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(EventId = 4001, Message = "DNS list {Zone} is {State} (RFC 5782 test points)")]
    private partial void LogList(LogLevel level, string zone, DnsblState state);

    [LoggerMessage(4003, LogLevel.Error, "Housekeeping failed and will be tried again: {Error}")]
    private partial void LogTrouble(string error);

    [LoggerMessage(4004, LogLevel.Information, "Removed {Count} messages for good that were deleted from the queue {Age} ago")]
    private partial void LogDeleted(int count, TimeSpan age);

    [LoggerMessage(4002, LogLevel.Information, "Removed {Rows} entries older than {Age} from the journal")]
    private partial void LogForgotten(int rows, TimeSpan age);
}
