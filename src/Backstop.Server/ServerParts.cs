using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Filters;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Makes the parts of a server from its options, and connects them.</summary>
internal sealed class ServerParts : IDisposable
{
    private bool _disposed;

    public ServerParts(
        BackstopOptions options, Descriptors descriptors, HandedSockets handed, SpamStart spam, TimeProvider time, BackstopMetrics metrics,
        ILoggerFactory logs)
    {
        try
        {
            Judging = new(options, spam, time, metrics, logs);
            Mail = new(options, Judging, spam, time, metrics, logs);
            Fronts = new(options, Judging, Mail, descriptors, handed, time, metrics, logs);
        }
        catch
        {
            // No other object disposes of them, and the spool would stay locked.
            Mail?.Dispose();
            Judging?.Dispose();
            throw;
        }

        Report = new(options, Judging, Mail, Fronts, metrics, time);
        Report.Observe();
    }

    public JudgingParts Judging { get; }

    public MailParts Mail { get; }

    public FrontParts Fronts { get; }

    public StatusReport Report { get; }

    /// <summary>What the server does, for whoever asks the service manager.</summary>
    public string Words => $"serves {Judging.Recipients.Mailboxes.Count} mailboxes";

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Mail.Sessions.Dispose();
        Fronts.Dispose();
        Mail.Dispose();
        Judging.Dispose();
    }
}
