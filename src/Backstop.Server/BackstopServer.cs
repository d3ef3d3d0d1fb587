using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Alerts;
using Backstop.Server.Control;
using Backstop.Server.Filters;
using Backstop.Server.Net;
using Backstop.Server.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Kestrel = Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Backstop.Server;

/// <summary>A running server: its listeners, pipeline, spool and deliveries, which start and stop together.</summary>
internal sealed partial class BackstopServer : IAsyncDisposable
{
    private static readonly string[] _mail = ["smtp", "lmtp", "smtp_proxy", "lmtp_proxy"];

    private readonly BackstopOptions _options;
    private readonly WebApplication _app;
    private readonly ServerParts _parts;
    private readonly List<(string Protocol, Kestrel.ListenOptions Listener)> _listeners;
    private readonly IReadOnlyList<IPEndPoint> _milters;
    private readonly ConfigReload _reload;
    private readonly CancellationTokenSource _ending = new();
    private readonly SelfCheck _check;
    private readonly Task _watched;

    private BackstopServer(
        BackstopOptions options, WebApplication app, ServerParts parts,
        List<(string Protocol, Kestrel.ListenOptions Listener)> listeners, IReadOnlyList<IPEndPoint> milters, ConfigReload reload,
        Surroundings surroundings)
    {
        _options = options;
        _app = app;
        _parts = parts;
        _listeners = listeners;
        _milters = milters;
        _reload = reload;
        _check = new(() => parts.Judging.Now.Options, () => Mail(listeners), TimeProvider.System);
        surroundings.Manager.Ready(parts.Words);
        _watched = surroundings.Manager.WatchAsync(_check.AskAsync, _ending.Token);
    }

    /// <summary>
    /// The addresses that it listens on, with the ports that were bound: <c>smtp</c>, <c>lmtp</c>, <c>spamd</c>,
    /// <c>spamd_tls</c>, <c>milter</c>, <c>policy</c>, <c>table</c>, <c>smtp_proxy</c>, <c>lmtp_proxy</c>, <c>web</c>.
    /// </summary>
    public IReadOnlyList<(string Protocol, IPEndPoint EndPoint)> Listening =>
        [.. _listeners.Select(l => (l.Protocol, l.Listener.IPEndPoint!)), .. _milters.Select(m => ("milter", m))];

    /// <summary>How many messages are accepted and not yet in all their folders.</summary>
    public int Waiting => _parts.Mail.Delivery.Waiting;

    /// <summary>Starts a server.</summary>
    /// <param name="options">A configuration that was checked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configureLogging">Adds the destinations of the log.</param>
    /// <param name="ct">Cancels the start.</param>
    /// <exception cref="IOException">A port is in use, or the data folder cannot be used.</exception>
    public static Task<BackstopServer> StartAsync(
        BackstopOptions options, TimeProvider time, Action<ILoggingBuilder> configureLogging, CancellationToken ct) =>
        StartAsync(options, Surroundings.None, time, configureLogging, ct);

    /// <summary>Starts a server.</summary>
    /// <param name="options">A configuration that was checked.</param>
    /// <param name="surroundings">Who starts it, and with what.</param>
    /// <param name="time">The clock.</param>
    /// <param name="configureLogging">Adds the destinations of the log.</param>
    /// <param name="ct">Cancels the start.</param>
    /// <exception cref="IOException">A port is in use, or the data folder cannot be used.</exception>
    public static async Task<BackstopServer> StartAsync(
        BackstopOptions options, Surroundings surroundings, TimeProvider time, Action<ILoggingBuilder> configureLogging,
        CancellationToken ct)
    {
        var asKeys = ConfigKeys.Of(options);
        var descriptors = Descriptors.Plan(options, Descriptors.OfProcess());
        var asked = (Mail: options.Smtp.MaxConnections, Guard: options.Guard.MaxConnections);
        options.Smtp.MaxConnections = descriptors.Mail > 0 ? descriptors.Mail : asked.Mail;
        options.Guard.MaxConnections = descriptors.Guard > 0 ? descriptors.Guard : asked.Guard;
        var closed = DataFolder.Close(options);
        var listeners = new List<(string Protocol, Kestrel.ListenOptions Listener)>();
        var app = Build(options, surroundings, descriptors, time, configureLogging, listeners);
        try
        {
            var log = app.Services.GetRequiredService<ILogger<BackstopServer>>();
            LogShrunk(log, descriptors, asked, options);
            foreach (var sentence in closed)
            {
                LogClosed(log, sentence);
            }

            var parts = app.Services.GetRequiredService<ServerParts>();
            var transport = (EnduringTransport)app.Services.GetRequiredService<IConnectionListenerFactory>();
            app.Lifetime.ApplicationStopping.Register(() => BeginStop(parts, transport, surroundings));
            surroundings.Manager.Trouble = error => LogNotTold(log, error);
            ServerPages.Map(app, options, parts, time, () => Mail(listeners));
            parts.Mail.Replay();
            var reload = new ConfigReload(
                parts, options, asKeys, surroundings, () => app.Services.GetService<LoginSessions>()?.Clear(), time,
                app.Services.GetRequiredService<ILogger<ConfigReload>>());
            parts.Mail.Control.Start();
            parts.Judging.Storms.Resume();
            foreach (var socket in options.Listen.Sockets.Where(s => !surroundings.Sockets.Has(new UnixDomainSocketEndPoint(s))))
            {
                UnixSocket.Clear(socket);
            }

            await app.StartAsync(ct);
            var milters = parts.Milter.Start();
            parts.Mail.Control.Reload = reload.RunAsync;
            foreach (var unused in surroundings.Sockets.Unused)
            {
                LogUnused(log, unused);
            }

            return new(options, app, parts, listeners, milters, reload, surroundings);
        }
        catch (Exception error)
        {
            // Services that had begun end because they are told to: without this the host reports each as a failure.
            app.Lifetime.StopApplication();
            await app.DisposeAsync();
            if (error is IOException
                {
                    InnerException: AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse },
                })
            {
                // Kestrel writes http:// before the address of every listener.
                throw new IOException(
                    error.Message.Replace("http://", "", StringComparison.Ordinal) + " Is another server running?", error);
            }

            throw;
        }
    }

    /// <summary>Takes up the configuration anew.</summary>
    /// <param name="by">Who wants it, for the log.</param>
    /// <param name="ct">Ends the wait; the old configuration stays then.</param>
    public Task<ReloadReport> ReloadAsync(string by, CancellationToken ct) => _reload.RunAsync(by, ct);

    /// <summary>Begins to take up the configuration anew.</summary>
    /// <param name="by">Who wants it, for the log.</param>
    public void BeginReload(string by) => _reload.Begin(by);

    /// <summary>
    /// Waits for SIGTERM or SIGINT, then stops: no new sessions, then the end of open sessions, then of deliveries.
    /// </summary>
    public async Task WaitForStopAsync()
    {
        // Whoever waits goes on elsewhere: the others who are told of the stop are told before anything is disposed of.
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        await stopped.Task;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _reload.DisposeAsync();
        await _app.StopAsync(CancellationToken.None);
        await DrainAsync();
        await _ending.CancelAsync();
        await _watched;
        _check.Dispose();
        await _app.DisposeAsync();
    }

    private static IPEndPoint? Mail(List<(string Protocol, Kestrel.ListenOptions Listener)> listeners) =>
        listeners.Find(l => _mail.Contains(l.Protocol)).Listener?.IPEndPoint;

    // Clients of a socket that was handed over wait for the next server from the first moment on: none is told to come again.
    private static void BeginStop(ServerParts parts, EnduringTransport transport, Surroundings surroundings)
    {
        surroundings.Manager.Stopping();
        transport.LeaveToNext();
        parts.Milter.BeginStop();
        parts.Shared.Connections.BeginStop();
        parts.Mail.Precedence.Gate.BeginStop();
        parts.Mail.Sessions.BeginStop(letsFinish: transport.HasHandedMail);
    }

    // Waits for open sessions and deliveries. What cannot be delivered now stays in the spool.
    private async Task DrainAsync()
    {
        var (delivery, connections) = (_parts.Mail.Delivery, _parts.Shared.Connections);
        delivery.BeginStop();

        // Real time, because the clock of a test may stand still.
        var started = TimeProvider.System.GetTimestamp();
        while ((connections.Open > 0 || (delivery.Waiting > delivery.Stopped && delivery.Failing.Count == 0))
            && TimeProvider.System.GetElapsedTime(started) < _options.Smtp.StopTimeout)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static WebApplication Build(
        BackstopOptions options, Surroundings surroundings, Descriptors descriptors, TimeProvider time,
        Action<ILoggingBuilder> configureLogging, List<(string, Kestrel.ListenOptions)> listeners)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

        // It warns that its keys are in the data folder unencrypted, as the journal and the mail are.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        configureLogging(builder.Logging);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(SpamStart.Begin(options, time));
        builder.Services.AddSingleton(descriptors);
        builder.Services.AddSingleton(surroundings.Sockets);
        builder.Services.Configure<HostOptions>(h => h.ShutdownTimeout = options.Smtp.StopTimeout);
        AddTelemetry(builder.Services, options.Telemetry, surroundings.Meter);
        builder.Services.AddSingleton(s => new BackstopMetrics(s.GetRequiredService<IMeterFactory>(), surroundings.Meter));
        builder.Services.AddSingleton<ServerParts>();
        builder.Services.AddHostedService(s => new Housekeeping(
            Judging(s), s.GetRequiredService<ServerParts>().Mail.Spool, s.GetRequiredService<ServerParts>().LookAtProtections, time,
            s.GetRequiredService<ILogger<Housekeeping>>()));
        builder.Services.AddHostedService(s => new AlertDesk(
            options, Judging(s).Storms, Judging(s).Stores, s.GetRequiredService<BackstopMetrics>(), time,
            s.GetRequiredService<ILogger<AlertDesk>>()));
        if (options.Listen.Web.Count > 0)
        {
            Login.AddServices(builder.Services, options, s => Judging(s).Now.Options.Web.Password);
        }

        WebApplication? app = null;
        ServerListeners.Configure(builder.WebHost, options, () => app!.Services.GetRequiredService<ServerParts>(), listeners);

        // Where several are registered, the last one is used.
        builder.Services.AddSingleton<IConnectionListenerFactory, EnduringTransport>();
        return app = builder.Build();

        // The container disposes of objects that it makes, including this one.
        static JudgingParts Judging(IServiceProvider services) => services.GetRequiredService<ServerParts>().Judging;
    }

    private static void AddTelemetry(IServiceCollection services, TelemetryOptions options, string meter)
    {
        var telemetry = services.AddOpenTelemetry().ConfigureResource(r => r.AddService("backstop"))
            .WithMetrics(m => m.AddMeter(meter).AddPrometheusExporter());
        if (options.Otlp.Length > 0)
        {
            var collector = new Uri(options.Otlp);
            telemetry.WithMetrics(m => m.AddOtlpExporter(o => o.Endpoint = collector));
            telemetry.WithTracing(t =>
                t.AddSource(Traces.Source).SetSampler(
                    new TraceIdRatioBasedSampler(options.TracePerThousand / 1000.0)).AddOtlpExporter(o => o.Endpoint = collector));
        }
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

    [LoggerMessage(
        1013, LogLevel.Warning,
        "{Key} is {Now} instead of {Asked}, because this process may have only {Limit} open files; "
            + "raise LimitNOFILE= of the unit, or ulimit -n")]
    private static partial void LogShrunk(ILogger log, string key, int asked, int now, int limit);

    [LoggerMessage(1014, LogLevel.Warning, "a socket was handed over that is not used: {Socket}; it is open, and nobody answers there")]
    private static partial void LogUnused(ILogger log, string socket);

    [LoggerMessage(1015, LogLevel.Warning, "the service manager cannot be told what the server does: {Error}")]
    private static partial void LogNotTold(ILogger log, string error);

    [LoggerMessage(5006, LogLevel.Warning, "{Sentence}")]
    private static partial void LogClosed(ILogger log, string sentence);
}
