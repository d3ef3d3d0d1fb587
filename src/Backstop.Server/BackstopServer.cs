using System.Net;
using System.Net.Sockets;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Alerts;
using Backstop.Server.Filters;
using Backstop.Server.Net;
using Backstop.Server.Smtp;
using Backstop.Server.Status;
using Backstop.Server.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Kestrel = Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Backstop.Server;

/// <summary>A running server: listeners, pipeline, spool and deliveries, started and stopped together.</summary>
public sealed partial class BackstopServer : IAsyncDisposable
{
    private readonly BackstopOptions _options;
    private readonly WebApplication _app;
    private readonly ServerParts _parts;
    private readonly List<(string Protocol, Kestrel.ListenOptions Listener)> _listeners;
    private readonly IReadOnlyList<IPEndPoint> _milters;

    private BackstopServer(BackstopOptions options, WebApplication app, ServerParts parts, List<(string Protocol, Kestrel.ListenOptions Listener)> listeners, IReadOnlyList<IPEndPoint> milters)
    {
        _options = options;
        _app = app;
        _parts = parts;
        _listeners = listeners;
        _milters = milters;
    }

    /// <summary>Where it listens, with the ports that were really bound: <c>smtp</c>, <c>lmtp</c>, <c>spamd</c>, <c>spamd_tls</c>, <c>milter</c>, <c>policy</c>, <c>table</c>, <c>smtp_proxy</c>, <c>lmtp_proxy</c>, <c>web</c>.</summary>
    public IReadOnlyList<(string Protocol, IPEndPoint EndPoint)> Listening => [.. _listeners.Select(l => (l.Protocol, l.Listener.IPEndPoint!)), .. _milters.Select(m => ("milter", m))];

    /// <summary>Messages accepted and not yet in all their folders.</summary>
    public int Waiting => _parts.Mail.Delivery.Waiting;

    /// <summary>Starts a server.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configureLogging">Where the log goes.</param>
    /// <param name="ct">Ends the start.</param>
    /// <exception cref="IOException">A port is taken, or the data folder cannot be used.</exception>
    public static async Task<BackstopServer> StartAsync(BackstopOptions options, TimeProvider time, Action<ILoggingBuilder> configureLogging, CancellationToken ct)
    {
        var descriptors = Descriptors.Plan(options, Descriptors.OfProcess());
        var asked = (Mail: options.Smtp.MaxConnections, Guard: options.Guard.MaxConnections);
        options.Smtp.MaxConnections = descriptors.Mail > 0 ? descriptors.Mail : asked.Mail;
        options.Guard.MaxConnections = descriptors.Guard > 0 ? descriptors.Guard : asked.Guard;
        var closed = DataFolder.Close(options);
        var spam = SpamStart.Begin(options, time);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

        // It warns that its keys lie in the data folder unencrypted, as the journal and the mail do.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        configureLogging(builder.Logging);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(spam);
        builder.Services.AddSingleton(descriptors);
        builder.Services.Configure<HostOptions>(h => h.ShutdownTimeout = options.Smtp.StopTimeout);
        AddTelemetry(builder.Services, options.Telemetry);
        builder.Services.AddSingleton<BackstopMetrics>();
        builder.Services.AddSingleton<ServerParts>();
        builder.Services.AddHostedService(s => new Housekeeping(
            options, s.GetRequiredService<ServerParts>().Judging, time, s.GetRequiredService<ILogger<Housekeeping>>()));
        builder.Services.AddHostedService(s => new AlertDesk(
            options, s.GetRequiredService<ServerParts>().Judging.Storms, s.GetRequiredService<ServerParts>().Judging.Stores, s.GetRequiredService<BackstopMetrics>(), time, s.GetRequiredService<ILogger<AlertDesk>>()));
        if (options.Listen.Web.Count > 0)
        {
            Login.AddServices(builder.Services, options);
        }


        WebApplication? app = null;
        var listeners = new List<(string, Kestrel.ListenOptions)>();
        Configure(builder.WebHost, options, () => app!.Services.GetRequiredService<ServerParts>(), listeners);

        // The last one that is registered is asked first.
        builder.Services.AddSingleton<IConnectionListenerFactory, EnduringTransport>();
        app = builder.Build();
        LogShrunk(app.Services.GetRequiredService<ILogger<BackstopServer>>(), descriptors, asked, options);
        var log = app.Services.GetRequiredService<ILogger<BackstopServer>>();
        foreach (var sentence in closed)
        {
            LogClosed(log, sentence);
        }

        var parts = app.Services.GetRequiredService<ServerParts>();
        app.Lifetime.ApplicationStopping.Register(parts.Mail.Sessions.BeginStop);
        app.Lifetime.ApplicationStopping.Register(parts.Mail.Precedence.Gate.BeginStop);
        app.Lifetime.ApplicationStopping.Register(parts.Fronts.Connections.BeginStop);
        app.Lifetime.ApplicationStopping.Register(parts.Fronts.Milter.BeginStop);
        MapWeb(app, options, parts, time, () => listeners.Find(l => l.Item1 is "smtp" or "lmtp" or "smtp_proxy" or "lmtp_proxy").Item2?.IPEndPoint);
        parts.Mail.Replay();
        parts.Judging.Storms.Resume();
        IReadOnlyList<IPEndPoint> milters;
        try
        {
            Array.ForEach(options.Listen.Sockets, UnixSocket.Clear);
            await app.StartAsync(ct);
            milters = parts.Fronts.Milter.Start();
        }
        catch (IOException error)
        {
            await app.DisposeAsync();
            if (error.InnerException is not (AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }))
            {
                throw;
            }

            // Kestrel calls every listener http://.
            throw new IOException(error.Message.Replace("http://", "", StringComparison.Ordinal) + " Is another server running?", error);
        }

        return new(options, app, parts, listeners, milters);
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
        await DrainAsync();
        await _app.DisposeAsync();
    }

    // Waits for answers to servers and deliveries under way; what cannot be delivered now stays in the spool.
    private async Task DrainAsync()
    {
        var (delivery, connections) = (_parts.Mail.Delivery, _parts.Fronts.Connections);
        delivery.BeginStop();

        // How long work takes is the machine's time: a clock that somebody else turns may stand still.
        var started = TimeProvider.System.GetTimestamp();
        while ((connections.Open > 0 || (delivery.Waiting > 0 && delivery.Failing.Count == 0))
            && TimeProvider.System.GetElapsedTime(started) < _options.Smtp.StopTimeout)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static void AddTelemetry(IServiceCollection services, TelemetryOptions options)
    {
        var telemetry = services.AddOpenTelemetry().ConfigureResource(r => r.AddService("backstop")).WithMetrics(m => m.AddMeter(BackstopMetrics.MeterName).AddPrometheusExporter());
        if (options.Otlp.Length > 0)
        {
            var collector = new Uri(options.Otlp);
            telemetry.WithMetrics(m => m.AddOtlpExporter(o => o.Endpoint = collector));
            telemetry.WithTracing(t => t.AddSource(Traces.Source).SetSampler(new TraceIdRatioBasedSampler(options.TracePerThousand / 1000.0)).AddOtlpExporter(o => o.Endpoint = collector));
        }
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

            // Connections are counted: a browser's idle one must not keep somebody else out for two minutes.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(20);
            Listen(options.Listen.Smtp, "smtp", l => Handle(l, () => parts().Fronts.SmtpListener));
            Listen(options.Listen.Lmtp, "lmtp", l => Handle(l, () => parts().Fronts.LmtpListener));
            Listen(options.Listen.Spamd, "spamd", l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: false)));
            Listen(options.Listen.SpamdTls, "spamd_tls", l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: true)));
            ListenAt(options.Listen.SpamdSocket, l => l.Run(connection => parts().Fronts.Spamd!.RunAsync(connection, isTls: false)));
            Listen(options.Listen.Policy, "policy", l => l.Run(connection => parts().Fronts.Policy.RunAsync(connection)));
            ListenAt(options.Listen.PolicySocket, l => l.Run(connection => parts().Fronts.Policy.RunAsync(connection)));
            Listen(options.Listen.SmtpProxy, "smtp_proxy", l => l.Run(connection => parts().Fronts.SmtpProxy!.RunAsync(connection, parts().Fronts.SmtpProxyListener)));
            Listen(options.Listen.LmtpProxy, "lmtp_proxy", l => l.Run(connection => parts().Fronts.LmtpProxy!.RunAsync(connection, parts().Fronts.LmtpProxyListener)));
            ListenAt(options.Listen.LmtpProxySocket, l => l.Run(connection => parts().Fronts.LmtpProxy!.RunAsync(connection, parts().Fronts.LmtpProxyListener)));
            Listen(options.Listen.Table, "table", l => l.Run(connection => parts().Fronts.Table.RunAsync(connection)));
            ListenAt(options.Listen.TableSocket, l => l.Run(connection => parts().Fronts.Table.RunAsync(connection)));

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

            void ListenAt(string socket, Action<Kestrel.ListenOptions> configure)
            {
                if (socket.Length > 0)
                {
                    kestrel.ListenUnixSocket(socket, configure);
                }
            }

            void Handle(Kestrel.ListenOptions listener, Func<SmtpListener> kind) =>
                listener.Run(connection => parts().Fronts.Handler.RunAsync(connection, kind()));
        });
    }

    private static void LogShrunk(ILogger log, Descriptors descriptors, (int Mail, int Guard) asked, BackstopOptions options)
    {
        if (options.Smtp.MaxConnections < asked.Mail)
        {
            LogShrunk(log, "smtp.max_connections", asked.Mail, options.Smtp.MaxConnections, descriptors.Limit);
        }

        if (options.Guard.MaxConnections < asked.Guard)
        {
            LogShrunk(log, "guard.max_connections", asked.Guard, options.Guard.MaxConnections, descriptors.Limit);
        }
    }

    private static void MapWeb(WebApplication app, BackstopOptions options, ServerParts parts, TimeProvider time, Func<IPEndPoint?> mail)
    {
        if (options.Listen.Web.Count == 0)
        {
            return;
        }

        app.Use(async (context, next) =>
        {
            // A request may be on the thread that polls the sockets, the mail's too: a page that reads folders is no work for it.
            await Task.Yield();
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "same-origin";
            await next(context);
        });
        var classify = new ClassifyEndpoint(
            options, new(options, parts.Judging.Proving, time), app.Services.GetRequiredService<BackstopMetrics>(), time, app.Services.GetRequiredService<ILogger<ClassifyEndpoint>>());
        app.Use((context, next) => ClassifyEndpoint.Is(context.Request.Path) ? classify.AnswerAsync(context) : next(context));
        app.Use(FormLimit.RunAsync);
        Login.Guard(app, options);
        app.MapPrometheusScrapingEndpoint();
        var check = new SelfCheck(options, mail, time);
        app.Lifetime.ApplicationStopped.Register(check.Dispose);
        app.MapGet("/healthz", async (HttpContext context) =>
            await check.AskAsync(context.RequestAborted) is { } trouble ? Results.Text(trouble + "\n", statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text("ok\n" + string.Concat(parts.Judging.Stores.Troubles.Select(t => t + "\n"))));
        app.MapGet("/readyz", () => parts.Report.NotReady() is { } why ? Results.Text(why + "\n", statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text("ready\n"));
        app.MapGet("/status", () => Results.Json(parts.Report.Now(), StatusJson.Default.ServerStatus));
        var judging = parts.Judging;
        new Dashboard(
            new(options, judging.Recipients, judging.Proving, judging.Journal, judging.Activity, judging.Storms, parts.Report.Now), app.Services.GetRequiredService<Microsoft.AspNetCore.Antiforgery.IAntiforgery>(), app.Services.GetRequiredService<LoginSessions>(), app.Services.GetRequiredService<LoginLimits>(), time, app.Services.GetRequiredService<ILogger<Dashboard>>(), app.Lifetime.ApplicationStopping).Map(app);
    }

    [LoggerMessage(1013, LogLevel.Warning, "{Key} is {Now} instead of {Asked}: this process may have {Limit} open files. LimitNOFILE= of the unit, or ulimit -n, raises it")]
    private static partial void LogShrunk(ILogger log, string key, int asked, int now, int limit);

    [LoggerMessage(5006, LogLevel.Warning, "{Sentence}")]
    private static partial void LogClosed(ILogger log, string sentence);
}
