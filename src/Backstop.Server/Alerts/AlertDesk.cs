using System.Threading.Channels;
using Backstop.Backscatter.Storms;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Storms;
using Backstop.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Alerts;

/// <summary>
/// Sends an alert when a storm begins, when it ends, and when a store of the data folder is damaged. Up to a limit a day alerts are
/// sent at once, the rest in a digest the next day. Never makes mail wait.
/// </summary>
internal sealed partial class AlertDesk(
    BackstopOptions options, StormDesk storms, StoreWatch stores, BackstopMetrics metrics, TimeProvider time,
    ILogger<AlertDesk> log) : BackgroundService
{
    private const int MaxStores = 20;

    private static readonly TimeSpan[] _tries = [TimeSpan.Zero, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15)];

    private readonly StormNews _news = new(options.Alert.PerDay, time);
    private readonly Channel<(StoreState State, string Words)> _stores =
        Channel.CreateBounded<(StoreState, string)>(new BoundedChannelOptions(MaxStores) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly AlertChannels _channels = new(options, metrics, time);
    private readonly Seldom _late = new(time);

    public override void Dispose()
    {
        _channels.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_channels.All().Any())
        {
            return;
        }

        storms.Changed = Note;
        stores.Told = (state, words) => _stores.Writer.TryWrite((state, words));
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), time);
        await Task.WhenAll(TellAsync(stoppingToken), TellOfStoresAsync(stoppingToken), DigestAsync(timer, stoppingToken));
    }

    private async Task TellAsync(CancellationToken ct)
    {
        await foreach (var storm in _news.ReadAsync(ct))
        {
            if (_news.MayTell(storm))
            {
                await SendAsync(AlertMessage.Of(options.Hostname, storm), ct);
            }
        }
    }

    private async Task TellOfStoresAsync(CancellationToken ct)
    {
        var alerts = new StoreAlerts(time);
        await foreach (var (state, words) in _stores.Reader.ReadAllAsync(ct))
        {
            if (alerts.IsNew(state))
            {
                await SendAsync(AlertMessage.Store(options.Hostname, words), ct);
            }
        }
    }

    private async Task DigestAsync(PeriodicTimer timer, CancellationToken ct)
    {
        while (await timer.WaitForNextTickAsync(ct))
        {
            var rest = _news.TakeRest();
            if (rest.Count > 0)
            {
                await SendAsync(AlertMessage.Digest(options.Hostname, rest), ct);
            }
        }
    }

    private void Note(StormRecord storm)
    {
        if (!_news.Add(storm) && _late.Count(out var count))
        {
            LogLate(count);
        }
    }

    private async Task SendAsync(AlertMessage message, CancellationToken ct)
    {
        foreach (var (name, sendAsync) in _channels.All())
        {
            if (name == "mail" && storms.Watch.Summaries.Any(s => s.Victim == Mail.MailAddress.TryParse(options.Alert.MailTo)?.Key))
            {
                LogInStorm(options.Alert.MailTo);
                continue;
            }

            await TryAsync(name, sendAsync, message, ct);
        }
    }

    private async Task TryAsync(string name, Func<AlertMessage, Task> sendAsync, AlertMessage message, CancellationToken ct)
    {
        var error = "";
        foreach (var wait in _tries)
        {
            await Task.Delay(wait, time, ct);
            try
            {
                await sendAsync(message);
                metrics.Alerted(name, "sent");
                LogSent(name, message.Event);
                return;
            }
            catch (Exception trouble) when (trouble is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // Every exception is caught here, because one that leaves a background service ends the host.
                error = trouble.Message;
            }
        }

        metrics.Alerted(name, "failed");
        LogFailed(name, message.Event, error);
    }

    [LoggerMessage(8201, LogLevel.Information, "alert by {Channel}: {Event}")]
    private partial void LogSent(string channel, string @event);

    [LoggerMessage(8202, LogLevel.Error, "alert by {Channel} failed ({Event}): {Error}")]
    private partial void LogFailed(string channel, string @event, string error);

    [LoggerMessage(
        8204, LogLevel.Warning, "{Count} alerts since the start came faster than they can be sent; they are in the digest of the next day")]
    private partial void LogLate(long count);

    [LoggerMessage(
        8203, LogLevel.Warning,
        "no alert by mail: {Address} is in a storm itself; set alert.mail_to to an address on another server")]
    private partial void LogInStorm(string address);
}
