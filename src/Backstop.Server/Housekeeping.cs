using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Options;
using Backstop.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>What must be looked at from time to time: the lists' test points, the answers counted, and what the journal may forget.</summary>
internal sealed partial class Housekeeping(
    BackstopOptions options, DnsblChecker dnsbl, SentJournal journal, ReplyWatch replies, TimeProvider time, ILogger<Housekeeping> log) : BackgroundService
{
    private readonly Dictionary<string, DnsblState> _said = new(StringComparer.Ordinal);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EveryAsync(options.Dnsbl.TestEvery, TestListsAsync, stoppingToken),
        EveryAsync(TimeSpan.FromMinutes(1), WriteReplies, stoppingToken),
        EveryAsync(TimeSpan.FromDays(1), Forget, stoppingToken));

    private async Task EveryAsync(TimeSpan period, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(period, time);
        do
        {
            await work(ct);
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private async Task TestListsAsync(CancellationToken ct)
    {
        await dnsbl.TestAsync(ct);
        foreach (var zone in dnsbl.Zones)
        {
            if (_said.GetValueOrDefault(zone.Name) != zone.State)
            {
                _said[zone.Name] = zone.State;
                LogList(zone.State == DnsblState.Working ? LogLevel.Information : LogLevel.Warning, zone.Name, zone.State);
            }
        }
    }

    private Task WriteReplies(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        replies.Write();
        return Task.CompletedTask;
    }

    private Task Forget(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var forgotten = journal.Forget(options.Journal.Keep);
        if (forgotten > 0)
        {
            LogForgotten(forgotten, options.Journal.Keep);
        }

        return Task.CompletedTask;
    }

    [LoggerMessage(EventId = 4001, Message = "DNS list {Zone} is {State} (RFC 5782 test points)")]
    private partial void LogList(LogLevel level, string zone, DnsblState state);

    [LoggerMessage(4002, LogLevel.Information, "Journal forgot {Rows} rows older than {Age}")]
    private partial void LogForgotten(int rows, TimeSpan age);
}
