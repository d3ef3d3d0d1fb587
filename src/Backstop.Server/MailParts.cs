using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Admission;
using Backstop.Server.Control;
using Backstop.Server.Delivery;
using Backstop.Server.Smtp;
using Backstop.Server.Users;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The spool, the deliveries, and the order in which mail is served.</summary>
internal sealed partial class MailParts : IDisposable
{
    private readonly ILogger<MailParts> _log;
    private readonly IReadOnlyList<SpoolEntry> _replay;

    public MailParts(
        BackstopOptions options, JudgingParts judging, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
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
        Helpers = new(TimeProvider.System);
        Recipes = RecipeParts.Make(options, judging.Recipients, Spool, Helpers, time, logs);
        Delivery = new(
            Spool, options.Hostname, time, metrics, logs.CreateLogger<DeliveryQueue>(), Recipes,
            () => ladder.Step < LadderStep.ScanLater, () => flood.Real.IsNow)
        {
            Find = new DeliveryTargets(() => judging.Recipients).Find,
            Helpers = Helpers,
            RealDelivered = seconds =>
            {
                judging.Activity.NoteReal(seconds * 1000);
                ladder.NoteDelivery(TimeSpan.FromSeconds(seconds));
            },
        };
        Queue = new(Spool, Delivery, () => judging.Recipients, time);
        Control = new(DataPaths.Spool(options), Queue, time, logs.CreateLogger<ControlListener>());
        Precedence = new(new(options, judging.Clients, Room, () => Sessions.Count, () => Delivery.Waiting), flood, ladder);
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

    /// <summary>The helpers that deliver as other users.</summary>
    public UserHelpers Helpers { get; }

    /// <summary>The recipes of mailboxes.</summary>
    public RecipeStage Recipes { get; }

    /// <summary>Goes by another configuration from now on, and tries at once what waits because of the old one.</summary>
    public void Take(BackstopOptions now, Dictionary<FolderRef, MailboxRecipes> recipes)
    {
        Sessions.Take(now.Smtp);
        Room.Take(now);
        Precedence.Shares.Take(now);
        Recipes.Take(recipes);
        Delivery.TargetsChanged();
    }

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
    }

    [LoggerMessage(5001, LogLevel.Information, "Delivering {Count} messages that an earlier run left in the spool")]
    private partial void LogReplay(int count);

    [LoggerMessage(5002, LogLevel.Error, "The spool is damaged in {Count} places; the messages after these were read")]
    private partial void LogDamaged(int count);

    [LoggerMessage(5003, LogLevel.Error, "The spool's files cannot be maintained: {Error}")]
    private partial void LogSpoolTrouble(string error);
}
