using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server;
using Backstop.Server.Control;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>A whole server on free loopback ports with its data in a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly NextConfig _next;
    private BackstopServer _server;

    private TestServer(TempFolder folder, BackstopServer server, BackstopOptions options, NextConfig next)
    {
        _folder = folder;
        _server = server;
        _next = next;
        Options = options;
    }

    public BackstopOptions Options { get; }

    public string Inbox => Path.Combine(Maildir, "new");

    public string Maildir => Path.Combine(Options.Data, "mail", "me@example.org", "Maildir");

    public IPEndPoint Smtp => EndPoint("smtp");

    public IPEndPoint Lmtp => EndPoint("lmtp");

    public IPEndPoint Spamd => EndPoint("spamd");

    public IPEndPoint SpamdTls => EndPoint("spamd_tls");

    public IPEndPoint Web => EndPoint("web");

    public static async Task<TestServer> StartAsync(
        Action<BackstopOptions>? configure = null, TimeProvider? time = null, Action<ILoggingBuilder>? logging = null)
    {
        var folder = new TempFolder();
        var next = new NextConfig();
        var options = Make(folder, configure);
        next.Read = _ => (Make(folder, configure), []);
        return new(folder, await StartAsync(options, next, time, logging), options, next);
    }

    /// <summary>Reloads the configuration that it was started with, and what is changed in it.</summary>
    public Task<ReloadReport> ReloadAsync(Action<BackstopOptions>? change = null)
    {
        var read = _next.Read;
        return ReloadAsync(warnings =>
        {
            var (options, errors) = read(warnings);
            change?.Invoke(options);
            return (options, errors);
        });
    }

    /// <summary>Reloads what is read.</summary>
    public Task<ReloadReport> ReloadAsync(Func<List<ConfigError>, (BackstopOptions, IReadOnlyList<ConfigError>)> read)
    {
        _next.Read = read;
        return _server.ReloadAsync("a test", TestContext.Current.CancellationToken);
    }

    private static BackstopOptions Make(TempFolder folder, Action<BackstopOptions>? configure)
    {
        var options = new BackstopOptions
        {
            Hostname = "mx.example.org",
            Domains = ["example.org"],
            Data = folder["data"],
            Mailboxes = new() { ["me@example.org"] = new() { Aliases = ["info@example.org"] }, ["you@example.org"] = new() },
            Listen = new() { Smtp = [new(IPAddress.Loopback, 0)], Lmtp = [new(IPAddress.Loopback, 0)], Web = [new(IPAddress.Loopback, 0)] },
            Dnsbl = new() { Zones = [] },
            Spool = new() { MinFree = default },
        };
        options.Smtp.StopTimeout = TimeSpan.FromSeconds(5);

        // The clock of a test may stand still.
        options.Smtp.ErrorDelay = TimeSpan.Zero;
        configure?.Invoke(options);
        return options;
    }

    public async Task RestartAsync()
    {
        await _server.DisposeAsync();
        _server = await StartAsync(Options, _next, null, null);
    }

    /// <summary>Waits until all that was accepted lies in its folders.</summary>
    public async Task DeliveredAsync()
    {
        for (var tries = 0; _server.Waiting > 0; tries++)
        {
            if (tries == 3000)
            {
                using var web = new HttpClient { BaseAddress = new($"http://{Web}") };
                Assert.Fail("not delivered after a minute: " + await web.GetStringAsync("/status", TestContext.Current.CancellationToken));
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until so many sessions are open: one that a client has ended is still counted for a moment.</summary>
    public async Task HasSessionsAsync(int count)
    {
        using var http = new HttpClient();
        var wanted = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"sessions\": {count},");
        for (
            var tries = 0; !(await http.GetStringAsync(
                new Uri($"http://{Web}/status"), TestContext.Current.CancellationToken)).Contains(
                    wanted, StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 500, $"not {count} sessions after ten seconds");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async Task<string[]> MessagesAsync(string folder = "")
    {
        await DeliveredAsync();
        var path = folder.Length == 0 ? Inbox : Path.Combine(Maildir, "." + folder, "new");
        return Directory.Exists(path) ? [.. Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(File.ReadAllText)] : [];
    }

    public Task StopAsync() => _server.DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    public IPEndPoint EndPoint(string protocol) => _server.Listening.First(l => l.Protocol == protocol).EndPoint;

    private static Task<BackstopServer> StartAsync(
        BackstopOptions options, NextConfig next, TimeProvider? time, Action<ILoggingBuilder>? logging) =>
        BackstopServer.StartAsync(
            options,
            Surroundings.None with
            {
                Read = warnings => next.Read(warnings),
                Meter = $"{BackstopMetrics.MeterName}:{options.Data}"
            },
            time ?? TimeProvider.System, logging ?? (l => l.SetMinimumLevel(LogLevel.None)), TestContext.Current.CancellationToken);

    private sealed class NextConfig
    {
        public Func<List<ConfigError>, (BackstopOptions Options, IReadOnlyList<ConfigError> Errors)> Read { get; set; } = _ => default;
    }
}
