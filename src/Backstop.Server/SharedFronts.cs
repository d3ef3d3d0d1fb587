using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Backstop.Server.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>What the fronts of all configurations share: the counts of connections and errors, the memory for messages.</summary>
internal sealed class SharedFronts : IDisposable
{
    public SharedFronts(
        BackstopOptions options, JudgingParts judging, MailParts mail, Descriptors descriptors, TimeProvider time, ILoggerFactory logs)
    {
        Budget = new(descriptors.Spills);
        Errors = new(
            new(options.Smtp.MaxUnknownRecipientsNetwork, judging.Clients, time, logs.CreateLogger<HarvestWatch>()),
            new(Math.Max(1, options.Smtp.MaxConnections / 10), time, mail.Sessions.Stopping));
        Rates = new(options.Rates, time);
        Connections = new(options, time, logs.CreateLogger<GuardConnections>());
        Journal = new(judging.Journal, time, logs.CreateLogger<JournalQueue>());
    }

    /// <summary>Divides the memory for messages that are received.</summary>
    public ReceiveBudget Budget { get; }

    /// <summary>What is done about clients that make errors.</summary>
    public ErrorRules Errors { get; }

    /// <summary>Counts what networks and sender domains send.</summary>
    public RateLimits Rates { get; }

    /// <summary>Counts the connections of servers that ask us.</summary>
    public GuardConnections Connections { get; }

    /// <summary>Writes into the journal what was sent.</summary>
    public JournalQueue Journal { get; }

    /// <summary>Goes by another configuration from now on.</summary>
    public void Take(BackstopOptions now)
    {
        Errors.Harvest.Max = now.Smtp.MaxUnknownRecipientsNetwork;
        Rates.Take(now.Rates);
        Connections.Take(now.Guard);
    }

    public void Dispose()
    {
        Connections.Dispose();
        Journal.Dispose();
    }
}
