using Backstop.Configuration.Options;
using Backstop.Mailboxes.Spool;
using Backstop.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Periodic work: tests the DNS lists, writes counters, and removes old entries from the journal.</summary>
internal sealed partial class Housekeeping(
    JudgingParts judging, SpoolLog spool, Action lookAtProtections, TimeProvider time, ILogger<Housekeeping> log) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EveryAsync(() => Options.Dnsbl.TestEvery, TestListsAsync, stoppingToken),
        EveryAsync(() => TimeSpan.FromMinutes(1), ct => judging.Dnsbl.TestSilentAsync(ct), stoppingToken),
        EveryAsync(() => TimeSpan.FromSeconds(10), Do(judging.Storms.Tick, lookAtProtections), stoppingToken),
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

        // Now, too: at the start nobody has looked yet, and which list does not work is to be in the log's first lines.
        lookAtProtections();
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

    [LoggerMessage(4003, LogLevel.Error, "Housekeeping failed and will be tried again: {Error}")]
    private partial void LogTrouble(string error);

    [LoggerMessage(4004, LogLevel.Information, "Removed {Count} messages for good that were deleted from the queue {Age} ago")]
    private partial void LogDeleted(int count, TimeSpan age);

    [LoggerMessage(4002, LogLevel.Information, "Removed {Rows} entries older than {Age} from the journal")]
    private partial void LogForgotten(int rows, TimeSpan age);
}
