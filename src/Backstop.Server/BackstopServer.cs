using System.Net;
using Backstop.Server.Options;
using Backstop.Server.Smtp;
using Backstop.Server.Spam;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Kestrel = Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Backstop.Server;

/// <summary>A running server: listeners, pipeline, spool and deliveries, started and stopped together.</summary>
public sealed partial class BackstopServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ServerParts _parts;
    private readonly List<(string Protocol, Kestrel.ListenOptions Listener)> _listeners;

    private BackstopServer(WebApplication app, ServerParts parts, List<(string Protocol, Kestrel.ListenOptions Listener)> listeners)
    {
        _app = app;
        _parts = parts;
        _listeners = listeners;
    }

    /// <summary>Where it listens, with the ports that were really bound: <c>smtp</c>, <c>lmtp</c>, <c>spamd</c>, <c>spamd_tls</c>, <c>web</c>.</summary>
    public IReadOnlyList<(string Protocol, IPEndPoint EndPoint)> Listening => [.. _listeners.Select(l => (l.Protocol, l.Listener.IPEndPoint!))];

    /// <summary>Messages accepted and not yet in all their folders.</summary>
    public int Waiting => _parts.Delivery.Waiting;

    /// <summary>Starts a server.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configureLogging">Where the log goes.</param>
    /// <param name="ct">Ends the start.</param>
    /// <exception cref="IOException">A port is taken, or the data folder cannot be used.</exception>
    public static async Task<BackstopServer> StartAsync(BackstopOptions options, TimeProvider time, Action<ILoggingBuilder> configureLogging, CancellationToken ct)
    {
        var spam = SpamStart.Begin(options, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        configureLogging(builder.Logging);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(spam);
        builder.Services.Configure<HostOptions>(h => h.ShutdownTimeout = options.Smtp.StopTimeout);
        builder.Services.AddOpenTelemetry().WithMetrics(m => m.AddMeter(BackstopMetrics.MeterName).AddPrometheusExporter());
        builder.Services.AddSingleton<BackstopMetrics>();
        builder.Services.AddSingleton<ServerParts>();
        builder.Services.AddSingleton(s => s.GetRequiredService<ServerParts>().Dnsbl);
        builder.Services.AddSingleton(s => s.GetRequiredService<ServerParts>().Journal);
        builder.Services.AddSingleton(s => s.GetRequiredService<ServerParts>().Replies);
        builder.Services.AddHostedService<Housekeeping>();

        WebApplication? app = null;
        var listeners = new List<(string, Kestrel.ListenOptions)>();
        Configure(builder.WebHost, options, () => app!.Services.GetRequiredService<ServerParts>(), listeners);
        app = builder.Build();
        var parts = app.Services.GetRequiredService<ServerParts>();
        app.Lifetime.ApplicationStopping.Register(parts.Sessions.BeginStop);
        MapWeb(app, parts);
        parts.Replay();
        try
        {
            UnixSocket.Clear(options.Listen.SpamdSocket);
            await app.StartAsync(ct);
            UnixSocket.OpenToAll(options.Listen.SpamdSocket);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            // Kestrel calls every listener http://.
            await app.DisposeAsync();
            throw new IOException(error.Message.Replace("http://", "", StringComparison.Ordinal) + " Is another server running?", error);
        }

        return new(app, parts, listeners);
    }

    /// <summary>Waits until a stop is asked for (SIGTERM, SIGINT), then stops: no new sessions, those under way end, then the deliveries.</summary>
    public async Task WaitForStopAsync()
    {
        var stopped = new TaskCompletionSource();
        _app.Lifetime.ApplicationStopping.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _parts.DrainAsync();
        await _app.DisposeAsync();
    }

    private static void Configure(
        IWebHostBuilder host, BackstopOptions options, Func<ServerParts> parts, List<(string, Kestrel.ListenOptions)> listeners)
    {
        host.UseSockets(s =>
        {
            s.NoDelay = true;
            s.Backlog = 4096;

            // Replies are written where the read completed: a session needs no thread hop a command.
            s.UnsafePreferInlineScheduling = true;
        });
        host.ConfigureKestrel(kestrel =>
        {
            // What a client may send ahead of us; Kestrel's default would let 10,000 of them fill 10 GB.
            kestrel.Limits.MaxRequestBufferSize = 64 << 10;
            kestrel.Limits.MaxResponseBufferSize = 64 << 10;
            Listen(options.Listen.Smtp, "smtp", l => Handle(l, () => parts().SmtpListener));
            Listen(options.Listen.Lmtp, "lmtp", l => Handle(l, () => parts().LmtpListener));
            Listen(options.Listen.Spamd, "spamd", l => l.Run(connection => parts().Spamd!.RunAsync(connection, isTls: false)));
            Listen(options.Listen.SpamdTls, "spamd_tls", l => l.Run(connection => parts().Spamd!.RunAsync(connection, isTls: true)));
            if (options.Listen.SpamdSocket.Length > 0)
            {
                kestrel.ListenUnixSocket(options.Listen.SpamdSocket, l => l.Run(connection => parts().Spamd!.RunAsync(connection, isTls: false)));
            }

            Listen(options.Listen.Web, "web", l => l.Protocols = Kestrel.HttpProtocols.Http1);

            void Listen(IReadOnlyList<IPEndPoint> endPoints, string protocol, Action<Kestrel.ListenOptions> configure)
            {
                foreach (var endPoint in endPoints)
                {
                    kestrel.Listen(endPoint, l =>
                    {
                        configure(l);
                        listeners.Add((protocol, l));
                    });
                }
            }

            void Handle(Kestrel.ListenOptions listener, Func<SmtpListener> kind) =>
                listener.Run(connection => parts().Handler.RunAsync(connection, kind()));
        });
    }

    private static void MapWeb(WebApplication app, ServerParts parts)
    {
        if (parts.Options.Listen.Web.Count == 0)
        {
            return;
        }

        app.MapPrometheusScrapingEndpoint();
        app.MapGet("/healthz", static () => Results.Text("ok\n"));
        app.MapGet("/status", () => Results.Json(parts.Status(), StatusJson.Default.ServerStatus));
        app.MapGet("/", static () => Results.Text("Backstop. See /status and /metrics.\n"));
    }
}
