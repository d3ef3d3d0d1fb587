using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Admission;
using Backstop.Server.Control;
using Backstop.Server.Delivery;
using Backstop.Server.Filters;
using Backstop.Server.Net;
using Backstop.Server.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The spool, the deliveries, the filters, and the order in which mail is served.</summary>
internal sealed partial class MailParts : IDisposable
{
    private readonly BackstopOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<MailParts> _log;
    private readonly IReadOnlyList<SpoolEntry> _replay;

    public MailParts(
        BackstopOptions options, JudgingParts judging, SpamStart spam, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        _options = options;
        _time = time;
        _log = logs.CreateLogger<MailParts>();
        (Spool, _replay, var damaged) = SpoolLog.Open(
            DataPaths.Spool(options), new()
            {
                SegmentSize = options.Spool.Segment.Bytes,
                OnTrouble = e => LogSpoolTrouble(e.Message)
            }, time);
        if (damaged > 0)
        {
            LogDamaged(damaged);
        }

        Room = new(options, time);
        Sessions = new(options.Smtp, time);
        var ladder = new Ladder(time, logs.CreateLogger<Ladder>());

        // Real time, whatever clock messages are judged by: the gate measures how late threads run.
        var flood = new FloodGate(() => Sessions.Count, new(TimeProvider.System));
        var recipes = RecipeParts.Make(options, judging.Recipients, Spool, time, logs);
        Delivery = new(
            Spool, options.Hostname, time, metrics, logs.CreateLogger<DeliveryQueue>(), recipes,
            () => ladder.Step < LadderStep.ScanLater, () => flood.Real.IsNow)
        {
            Find = new DeliveryTargets(() => judging.Recipients).Find,
            RealDelivered = seconds =>
            {
                judging.Activity.NoteReal(seconds * 1000);
                ladder.NoteDelivery(TimeSpan.FromSeconds(seconds));
            },
        };
        Queue = new(Spool, Delivery, () => judging.Recipients, time);
        Control = new(DataPaths.Spool(options), Queue, time, logs.CreateLogger<ControlListener>());
        Precedence = new(new(options, judging.Clients, Room, () => Sessions.Count, () => Delivery.Waiting), flood, ladder);
        Filter = spam.Engine is not null ? new(spam, options, time, logs.CreateLogger<SpamFilter>()) : null;
        Names = new(new ReverseLookup(options.Dnsbl.Resolvers, options.Dnsbl.TimeLimit).NameAsync, options.Dnsbl.TimeLimit, time);
        Filters = options.Spam.Enabled ? MakeFilters(metrics, logs) : [];
        foreach (var filter in Filters)
        {
            filter.Waited = ladder.NoteScan;
        }
    }

    public SpoolLog Spool { get; }

    public SpoolRoom Room { get; }

    public SessionRegistry Sessions { get; }

    public DeliveryQueue Delivery { get; }

    /// <summary>Answers about the messages that wait.</summary>
    public QueueDesk Queue { get; }

    /// <summary>The socket at which the command line asks for them.</summary>
    public ControlListener Control { get; }

    public Precedence Precedence { get; }

    /// <summary>The filter by rules; null where none is configured.</summary>
    public SpamFilter? Filter { get; }

    /// <summary>Finds the DNS names of clients.</summary>
    public ClientNames Names { get; }

    /// <summary>The filters that are asked about mail; none where it is not scored.</summary>
    public IReadOnlyList<LimitedFilter> Filters { get; }

    /// <summary>Delivers messages that an earlier run of the server left in the spool.</summary>
    public void Replay()
    {
        if (_replay.Count > 0)
        {
            LogReplay(_replay.Count);
        }

        Delivery.Replay(_replay);
    }

    /// <summary>Disposes of all parts but the sessions, which must end before the parts that they use.</summary>
    public void Dispose()
    {
        Precedence.Gate.Dispose();
        Precedence.Ladder.Dispose();
        Control.Dispose();
        Delivery.Dispose();
        Spool.Checkpoint();
        Spool.Dispose();
        Room.Dispose();
        foreach (var filter in Filters)
        {
            filter.Dispose();
        }

        Filter?.Dispose();
    }

    private List<LimitedFilter> MakeFilters(BackstopMetrics metrics, ILoggerFactory logs)
    {
        var spam = _options.Spam;
        var cores = Environment.ProcessorCount;
        var filters = new List<IMessageFilter>();
        if (spam.Clamd.Length > 0)
        {
            // clamd comes first, because a virus is the stronger reason.
            filters.Add(new ClamdFilter(PeerAddress.Parse(spam.Clamd)!));
        }

        filters.Add(FilterChoice.Create(FilterSetting.Parse(spam.Filter)!, () => new RulesFilter(Filter!, _options, _time)));
        return filters.ConvertAll(f =>
            new LimitedFilter(f, Limits(f is RulesFilter ? cores : 4 * cores), _time, metrics, logs.CreateLogger<LimitedFilter>()));

        FilterLimits Limits(int parallel) =>
            new(spam.TimeLimit, spam.MaxParallel > 0 ? spam.MaxParallel : parallel, spam.FailuresBeforeRest, spam.Rest);
    }

    [LoggerMessage(5001, LogLevel.Information, "Delivering {Count} messages that an earlier run left in the spool")]
    private partial void LogReplay(int count);

    [LoggerMessage(5002, LogLevel.Error, "The spool is damaged in {Count} places; the messages after these were read")]
    private partial void LogDamaged(int count);

    [LoggerMessage(5003, LogLevel.Error, "The spool's files cannot be maintained: {Error}")]
    private partial void LogSpoolTrouble(string error);
}
