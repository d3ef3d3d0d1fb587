using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Server.Net;

/// <summary>
/// Tells the service manager what the server does (sd_notify(3)), so that <c>systemctl</c> waits until it is done, and that it lives.
/// </summary>
/// <remarks>Where no manager listens, or it cannot be told, the server goes on as without one.</remarks>
/// <param name="address">The manager's socket: a path, or with @ in front a name; null where there is no manager.</param>
/// <param name="watchdog">How soon the manager takes the server for dead; null where it does not look.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceManager(string? address, TimeSpan? watchdog, TimeProvider time)
{
    private static readonly TimeSpan _sendLimit = TimeSpan.FromSeconds(2);

    /// <summary>For a server that no manager has started: nobody is told anything.</summary>
    public static ServiceManager None { get; } = new(null, null, TimeProvider.System);

    /// <summary>Called with the error where the manager cannot be told.</summary>
    public Action<string>? Trouble { get; set; }

    /// <summary>How often it is told that the server lives; null where it does not want to know.</summary>
    public TimeSpan? Beat => address is null ? null : watchdog / 2;

    /// <summary>
    /// Finds the manager that has started this process. The variables are removed, so that no program that we run speaks for us.
    /// </summary>
    public static ServiceManager OfProcess()
    {
        var (address, limit, process) = (Take("NOTIFY_SOCKET"), Take("WATCHDOG_USEC"), Take("WATCHDOG_PID"));
        var isOurs = process is null || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return new(
            address, isOurs && long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var micros) && micros > 0
                ? TimeSpan.FromMicroseconds(micros)
                : null,
            TimeProvider.System);
    }

    /// <summary>The server serves, after its start or after a reload.</summary>
    /// <param name="status">What it does, for people.</param>
    public void Ready(string status) => Tell($"READY=1\nSTATUS={status}");

    /// <summary>The server takes up its configuration anew; <see cref="Ready"/> follows, also where it keeps the old one.</summary>
    public void Reloading() => Tell(string.Create(
        CultureInfo.InvariantCulture,

        // CLOCK_MONOTONIC, whatever clock the server goes by.
        $"RELOADING=1\nMONOTONIC_USEC={TimeProvider.System.GetTimestamp() / (TimeProvider.System.TimestampFrequency / 1_000_000)}"));

    /// <summary>The server stops.</summary>
    public void Stopping() => Tell("STOPPING=1\nSTATUS=ends open sessions and deliveries");

    /// <summary>Tells the manager at intervals that the server lives, as long as a check says so.</summary>
    /// <param name="troubleAsync">Returns what is wrong; null where the server lives.</param>
    /// <param name="ct">Ends the loop.</param>
    public async Task WatchAsync(Func<CancellationToken, Task<string?>> troubleAsync, CancellationToken ct)
    {
        if (Beat is not { } beat)
        {
            return;
        }

        using var timer = new PeriodicTimer(beat, time);
        try
        {
            do
            {
                var trouble = await troubleAsync(ct);
                Tell(trouble is null ? "WATCHDOG=1" : $"STATUS={trouble}");

                // Asked sooner again, since a server without room for a moment is still alive.
                timer.Period = trouble is null ? beat : beat / 5;
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The server stops, which the manager has been told.
        }
    }

    private static string? Take(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        Environment.SetEnvironmentVariable(name, null);
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private void Tell(string text)
    {
        if (address is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
            {
                SendTimeout = (int)_sendLimit.TotalMilliseconds,
            };
            socket.SendTo(
                Encoding.UTF8.GetBytes(text), new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address));
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            Trouble?.Invoke(error.Message);
        }
    }
}
