using System.Data.Common;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Rules;
using Backstop.Judging.Storms;
using Backstop.MailAuth.Dnsbl;
using Backstop.Mailboxes.Spool;
using Backstop.Recipes.Linting;
using Backstop.Server.Admission;
using Backstop.Server.Delivery;
using Backstop.Server.Filters;
using Backstop.Server.Guard;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Backstop.Server.Smtp;
using Backstop.Server.Spamd;
using Backstop.Server.Status;
using Backstop.Server.Way;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>Makes the parts of a server from its options and joins them; the one place where everything is wired.</summary>
internal sealed partial class ServerParts : IDisposable
{
    // A page that one can read; who has more mailboxes asks: backstop journal stats.
    private const int MaxShown = 100;

    private readonly Recipients _recipients;
    private readonly Judge _judge;
    private readonly TimeProvider _time;
    private readonly BackstopMetrics _metrics;
    private readonly ILogger<ServerParts> _log;
    private readonly IReadOnlyList<SpoolEntry> _replay;
    private readonly SpoolRoom _room;
    private readonly JournalQueue _journalQueue;
    private readonly ClientHistory _clients;
    private readonly List<NextHopEnds> _relays = [];
    private bool _disposed;

    public ServerParts(BackstopOptions options, Descriptors descriptors, SpamStart spam, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        Options = options;
        _time = time;
        _metrics = metrics;
        var steady = new SteadyTime(time);
        _log = logs.CreateLogger<ServerParts>();
        _recipients = new(options);
        Stores = new(options, time, logs.CreateLogger<StoreWatch>());
        var journalHealth = Stores.Add(StoreNames.Journal, DataPaths.Journal(options));
        Journal = new(DataPaths.Journal(options), time, options.Journal.RecipientWindow, journalHealth);
        Stores.Check(Journal.Check);
        if (spam is { Health: { } learner, Store: { } learned })
        {
            Stores.Add(learner);
            Stores.Check(learned.Check);
        }

        Dnsbl = new([.. options.Dnsbl.Zones.Where(_ => options.Listen.ReceivesMail || options.Listen.GuardsServer).Select(z => Zone(z, options.Dnsbl, steady))]);
        (Spool, _replay, var damaged) = SpoolLog.Open(
            DataPaths.Spool(options), new() { SegmentSize = options.Spool.Segment.Bytes, OnTrouble = e => LogSpoolTrouble(e.Message) }, time);
        if (damaged > 0)
        {
            LogDamaged(damaged);
        }

        Ladder = new(time, logs.CreateLogger<Ladder>());
        Filter = spam.Engine is not null ? new(spam, options, time, logs.CreateLogger<SpamFilter>()) : null;
        _room = new(options, time);
        Sessions = new(options.Smtp, time);

        // How long work takes is the machine's time, whatever clock messages are judged by.
        Flood = new(() => Sessions.Count, new(TimeProvider.System));
        Delivery = new(Spool, options.Hostname, time, metrics, logs.CreateLogger<DeliveryQueue>(), MakeRecipes(options, steady, logs), () => Ladder.Step < LadderStep.ScanLater, () => Flood.Real.IsNow);
        var proving = Proving.Create(options, new JournalProof(Journal, journalHealth, options.Backscatter.ProofWindow));
        Proving = proving;
        _judge = proving.Judge;
        Connections = new(options, time, logs.CreateLogger<GuardConnections>());
        Replies = new(Journal, proving.SignedIds, time);
        Scorer = options.Spam.Enabled ? MakeScorer(metrics, logs) : null;
        Activity = new(time);
        Delivery.RealDelivered = seconds =>
        {
            Activity.NoteReal(seconds * 1000);
            Ladder.NoteDelivery(TimeSpan.FromSeconds(seconds));
        };
        foreach (var filter in Scorer?.Filters ?? [])
        {
            filter.Waited = Ladder.NoteScan;
        }

        _clients = new(time);
        Lanes = new(options, _clients, _room, () => Sessions.Count, () => Delivery.Waiting);
        var harvest = new HarvestWatch(options.Smtp.MaxUnknownRecipientsNetwork, _clients, time);
        var refusals = new Refusals(metrics, Activity, _clients, time, logs.CreateLogger<Refusals>());
        Storms = new(options, _judge, refusals, Stores, time, logs.CreateLogger<StormDesk>());
        Correspondents = new(DataPaths.Correspondents(options), time, Stores.Add(StoreNames.Correspondents, DataPaths.Correspondents(options)));
        Stores.Check(Correspondents.Check);
        var recipientRules = new RecipientRules(options, _recipients, proving, Dnsbl, refusals, Storms, time);
        var bombs = new BombRules(options, Journal, proving.SignedIds, Correspondents, Storms, time);
        var contentRules = new ContentRules(options, proving, Replies, Scorer, Storms, bombs, Ladder, _clients, Activity, metrics, time, logs.CreateLogger<ContentRules>());
        var questions = new Questions(options.Smtp, recipientRules, contentRules, refusals);
        var spoolEnds = new SpoolEnds(options, _recipients, refusals, Spool, Delivery, new(Lanes, Flood, Ladder), time, logs.CreateLogger<SpoolEnds>());
        var pipeline = new MailPipeline<IncomingMessage>(questions, spoolEnds.For, logs.CreateLogger<MailPipeline<IncomingMessage>>());
        var tls = TlsCertificate.Open(options, time, Stores);
        SmtpListener = new(options, isLmtp: false, tls is not null);
        LmtpListener = new(options, isLmtp: true, tls is not null);
        var budget = new ReceiveBudget(descriptors.Spills);
        var peers = new LocalPeers(options, time, logs.CreateLogger<LocalPeers>());
        Handler = new(new(options, pipeline, Spool, Sessions, budget, Lanes, Flood, peers, harvest, time, tls), metrics, logs.CreateLogger<SmtpConnectionHandler>());
        _journalQueue = new(Journal, time, logs.CreateLogger<JournalQueue>());
        var answers = new AnswerEnds(options, _recipients, logs.CreateLogger<AnswerEnds>());
        var guard = new GuardServices(
            options, new(questions, answers.For, logs.CreateLogger<MailPipeline<GuardedMessage>>()), answers,
            new(options, _recipients, proving, _journalQueue, time), contentRules, budget, peers, time);
        Milter = new(new(guard, Connections), options.Listen, logs.CreateLogger<MilterListeners>());
        Policy = new(guard, Connections);
        Table = new(guard, proving, _recipients, Connections);
        SmtpProxyListener = new(options, isLmtp: false, offersTls: false, isProxy: true);
        LmtpProxyListener = new(options, isLmtp: true, offersTls: false, isProxy: true);
        SmtpProxy = MakeRelay(options.Relay.SmtpTo, isLmtp: false);
        LmtpProxy = MakeRelay(options.Relay.LmtpTo, isLmtp: true);

        SmtpConnectionHandler? MakeRelay(string to, bool isLmtp)
        {
            if (PeerAddress.Parse(to) is not { } endPoint)
            {
                return null;
            }

            var relay = new NextHopEnds(
                options, _recipients, refusals, guard.Outbound, new(endPoint, isLmtp, options, time), Spool.LargeDirectory, logs.CreateLogger<NextHopEnds>());
            _relays.Add(relay);
            return new(new(options, new(questions, relay.For, logs.CreateLogger<MailPipeline<IncomingMessage>>()), Spool, Sessions, budget, Lanes, Flood, peers, harvest, time, tls), metrics, logs.CreateLogger<SmtpConnectionHandler>());
        }
        if (Filter is not null && options.Listen.ServesSpamd)
        {
            Spamd = new(new(Filter, options, metrics, time, logs.CreateLogger<SpamdAnswer>()), options, tls, time, logs.CreateLogger<SpamdHandler>());
        }

        Observe(metrics);
    }

    public BackstopOptions Options { get; }

    public TimeProvider Time => _time;

    /// <summary>Why no mail is taken just now; null where it is.</summary>
    public string? NotReady() => Sessions.IsStopping ? "stopping" : _room.IsShort ? "no room in the spool" : Delivery.Waiting >= Options.Spool.MaxWaiting ? "too many messages wait" : null;

    public SentJournal Journal { get; }

    public StoreWatch Stores { get; }

    public ReplyWatch Replies { get; }

    public Recipients Recipients => _recipients;

    public Proving Proving { get; }

    public ActivityLog Activity { get; }

    public Correspondents Correspondents { get; }

    public StormDesk Storms { get; }

    public DnsblChecker Dnsbl { get; }

    public SpoolLog Spool { get; }

    public DeliveryQueue Delivery { get; }

    public SessionRegistry Sessions { get; }

    public LaneBudgets Lanes { get; }

    public FloodLane Flood { get; }

    public Ladder Ladder { get; }

    public SmtpListener SmtpListener { get; }

    public SmtpListener LmtpListener { get; }

    public SmtpConnectionHandler Handler { get; }

    public SmtpListener SmtpProxyListener { get; }

    public SmtpListener LmtpProxyListener { get; }

    /// <summary>Null where there is no next server.</summary>
    public SmtpConnectionHandler? SmtpProxy { get; }

    /// <summary>Null where there is no next server.</summary>
    public SmtpConnectionHandler? LmtpProxy { get; }

    public GuardConnections Connections { get; }

    public MilterListeners Milter { get; }

    public PolicyHandler Policy { get; }

    public TableHandler Table { get; }

    /// <summary>Null where nobody asks it.</summary>
    public SpamFilter? Filter { get; }

    /// <summary>Null where mail is not scored.</summary>
    public MailScorer? Scorer { get; }

    /// <summary>Null where nobody asks it.</summary>
    public SpamdHandler? Spamd { get; }

    /// <summary>Delivers what an earlier run left in the spool.</summary>
    public void Replay()
    {
        if (_replay.Count > 0)
        {
            LogReplay(_replay.Count);
        }

        Delivery.Replay(_replay);
    }

    public ServerStatus Status() => new(
        Options.Hostname, Sessions.Count, Delivery.Waiting, _room.Free, _room.IsShort,
        [.. Delivery.Failing.Select(f => new FailingStatus(f.Folder.Path, f.Folder.Folder, f.Waiting, f.Failures, f.Error, f.RetryAt))],
        [.. Dnsbl.Zones.Select(z => new ListStatus(z.Name, z.State.ToString(), z.Rests))],
        [.. _recipients.Mailboxes.Take(MaxShown).Select(m => CoverOf(m.Keys[0]))],
        _metrics.MessagesGenerated)
    {
        Ladder = Flood.Rate is { } rate ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Ladder.Words}; bounces at {rate:F0}/s") : Ladder.Words,
        Lanes = Enum.GetValues<MailClass>().ToDictionary(MailClasses.Word, Lanes.Sessions),
        Stores = [.. Stores.States.Select(StoreStatus.Of)],
        Storms = [.. Storms.Watch.Summaries.Select(s => new StormStatus(s.Id, s.Kind, s.Victim, s.Started, s.Count))],
    };

    /// <summary>Waits for answers to servers and deliveries under way; what cannot be delivered now stays in the spool.</summary>
    public async Task DrainAsync()
    {
        Delivery.BeginStop();

        // How long work takes is the machine's time: a clock that somebody else turns may stand still.
        var started = TimeProvider.System.GetTimestamp();
        while ((Connections.Open > 0 || (Delivery.Waiting > 0 && Delivery.Failing.Count == 0))
            && TimeProvider.System.GetElapsedTime(started) < Options.Smtp.StopTimeout)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Sessions.Dispose();
        Flood.Dispose();
        Ladder.Dispose();
        Delivery.Dispose();
        Spool.Checkpoint();
        Spool.Dispose();
        _room.Dispose();
        Spamd?.Dispose();
        Scorer?.Dispose();
        Filter?.Dispose();
        _relays.ForEach(r => r.Dispose());
        Milter.Dispose();
        Connections.Dispose();
        _journalQueue.Dispose();
        Replies.Write();
        WriteCorrespondents();
        Correspondents.Dispose();
        Journal.Dispose();
    }

    /// <summary>Writes who has written lately.</summary>
    public void WriteCorrespondents()
    {
        try
        {
            Correspondents.Write();
        }
        catch (DbException)
        {
            // Said by who watches the stores; tried again with the next.
        }
    }

    private RecipeStage? MakeRecipes(BackstopOptions options, SteadyTime steady, ILoggerFactory logs)
    {
        var log = logs.CreateLogger<RecipeStage>();
        foreach (var mailbox in _recipients.Mailboxes.Where(m => m.Recipes.Length > 0 && File.Exists(m.Recipes)))
        {
            var findings = RcLinter.Lint(mailbox.Recipes, System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(mailbox.Recipes)));
            LogRecipe(mailbox.Address, $"{findings.Count} findings; backstop lint {mailbox.Recipes} tells which");
        }

        var program = new Recipes.Running.RcProgram();
        var recipes = _recipients.Mailboxes.Where(m => m.Recipes.Length > 0)
            .Select(m => new MailboxRecipes(m, options, program, steady, line => LogRecipe(m.Address, line))).ToList();
        return recipes.Count == 0 ? null : new(recipes, options.Recipes.MaxParallel, Spool, steady, log);
    }

    private MailScorer MakeScorer(BackstopMetrics metrics, ILoggerFactory logs)
    {
        var spam = Options.Spam;
        var cores = Environment.ProcessorCount;
        var filters = new List<IMessageFilter>();
        if (spam.Clamd.Length > 0)
        {
            // First: a virus is the better reason.
            filters.Add(new ClamdFilter(PeerAddress.Parse(spam.Clamd)!));
        }

        filters.Add(FilterChoice.Create(FilterSetting.Parse(spam.Filter)!, () => new RulesFilter(Filter!, Options, _time)));
        return new(
            [.. filters.Select(f => new GuardedFilter(f, Limits(f is RulesFilter ? Math.Max(1, cores - 1) : 4 * cores), _time, metrics, logs.CreateLogger<GuardedFilter>()))],
            () => Filter is null || spam.Filter != FilterSetting.Rules || Filter.IsReady,
            new ReverseLookup(Options.Dnsbl.Resolvers, Options.Dnsbl.TimeLimit).NameAsync, Options, metrics, _time, logs.CreateLogger<MailScorer>());

        FilterLimits Limits(int parallel) => new(spam.TimeLimit, spam.MaxParallel > 0 ? spam.MaxParallel : parallel, spam.FailuresBeforeRest, spam.Rest);
    }

    private CoverStatus CoverOf(string address)
    {
        try
        {
            var cover = _judge.CoverOf(address, _time.GetUtcNow());
            return new(address, cover.IsCovered, cover.Why, cover.Seen.Messages, cover.Seen.Since, cover.Seen.Replies, cover.Seen.RepliesToKnown);
        }
        catch (DbException)
        {
            return new(address, IsCovered: false, "the journal cannot be read", 0, null, 0, 0);
        }
    }

    private static DnsblZone Zone(string name, DnsblSettings settings, TimeProvider time) => new(
        name,
        new DnsAddressLookup(settings.Resolvers, settings.TimeLimit).LookupAsync,
        new() { TimeLimit = settings.TimeLimit, ListedFor = settings.ListedFor, UnlistedFor = settings.UnlistedFor, Codes = settings.Codes },
        time);

    private void Observe(BackstopMetrics metrics)
    {
        metrics.Observe("backstop.sessions", "{session}", "Open sessions.", () => Sessions.Count);
        metrics.Observe("backstop.guard.connections", "{connection}", "Open connections of servers that ask us.", () => Connections.Open);
        metrics.Observe("backstop.ladder.step", "{step}", "What is left out under load: 0 nothing, 1 scans of known correspondents, 2 all scans, 3 bounces too.", () => (long)Ladder.Step);
        metrics.Observe("backstop.lane.waiting", "{message}", "Messages of the null sender that wait until real mail leaves room.", () => Flood.Waiting);
        metrics.Observe("backstop.lane.sessions", "Open sessions, by the class of their last message.", () => Enum.GetValues<MailClass>().Select(c =>
            new System.Diagnostics.Metrics.Measurement<long>(Lanes.Sessions(c), new KeyValuePair<string, object?>("class", MailClasses.Word(c)))));
        metrics.Observe("backstop.lane.delay", "us", "How late threads run.", () => (long)Flood.Delay.TotalMicroseconds);
        metrics.Observe("backstop.storms", "Storms that last, by kind.", () => Enum.GetValues<Backscatter.Storms.StormKind>().Select(k =>
            new System.Diagnostics.Metrics.Measurement<long>(Storms.Watch.Summaries.Count(s => s.Kind == Backscatter.Storms.StormWords.Word(k)), new KeyValuePair<string, object?>("kind", Backscatter.Storms.StormWords.Word(k)))));
        metrics.Observe("backstop.store.working", "1 where a store of the data folder is as it should be; 0 where it fails or was lost.", () => Stores.States.Select(s =>
            new System.Diagnostics.Metrics.Measurement<long>(StoreStatus.Of(s).State == "ok" ? 1 : 0, new KeyValuePair<string, object?>("store", s.Name))));
        metrics.Observe("backstop.spool.free", "By", "Free room on the spool's disk.", () => _room.Free);
        metrics.Observe("backstop.delivery.failing", "{folder}", "Folders that cannot be delivered to just now.", () => Delivery.Failing.Count);
        metrics.Observe("backstop.dnsbl.working", "1 where a DNS list is believed.", () => Dnsbl.Zones.Select(z =>
            new System.Diagnostics.Metrics.Measurement<long>(z.State == DnsblState.Working && !z.Rests ? 1 : 0, new KeyValuePair<string, object?>("zone", z.Name))));
    }

    [LoggerMessage(5001, LogLevel.Information, "{Count} messages from an earlier run are delivered now")]
    private partial void LogReplay(int count);

    [LoggerMessage(5002, LogLevel.Error, "The spool has {Count} damaged places; what lies behind them was read")]
    private partial void LogDamaged(int count);

    [LoggerMessage(5004, LogLevel.Information, "recipes of {Mailbox}: {Line}")]
    private partial void LogRecipe(Backstop.Mail.MailAddress mailbox, string line);

    [LoggerMessage(5003, LogLevel.Error, "Trouble with the spool's files: {Error}")]
    private partial void LogSpoolTrouble(string error);
}
