using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Rules;
using Backstop.Judging.Storms;
using Backstop.Server.Admission;
using Backstop.Server.Guard;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Backstop.Server.Smtp;
using Backstop.Server.Spamd;
using Backstop.Server.Way;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The fronts that clients and servers connect to, and the pipelines behind them.</summary>
internal sealed class FrontParts : IDisposable
{
    private readonly ILoggerFactory _logs;
    private readonly Questions _questions;
    private readonly JournalQueue _journalQueue;
    private readonly List<NextHopEnds> _relays = [];

    public FrontParts(
        BackstopOptions options, JudgingParts judging, MailParts mail, Descriptors descriptors, HandedSockets handed, TimeProvider time,
        BackstopMetrics metrics, ILoggerFactory logs)
    {
        _logs = logs;
        _questions = Ask(options, judging, mail, time, metrics, logs);
        var tls = TlsCertificate.Open(options, time, judging.Stores);
        var budget = new ReceiveBudget(descriptors.Spills);
        var peers = new LocalPeers(options, time, logs.CreateLogger<LocalPeers>());
        Harvest = new(options.Smtp.MaxUnknownRecipientsNetwork, judging.Clients, time, logs.CreateLogger<HarvestWatch>());
        Delays = new(Math.Max(1, options.Smtp.MaxConnections / 10), time, mail.Sessions.Stopping);
        var spool = new SpoolEnds(
            options, judging.Recipients, judging.Refusals, mail.Spool, mail.Delivery, mail.Precedence, time,
            logs.CreateLogger<SpoolEnds>());
        SmtpListener = new(options, isLmtp: false, tls);
        LmtpListener = new(options, isLmtp: true, tls);
        Handler = Serve(spool.For);

        Connections = new(options, time, logs.CreateLogger<GuardConnections>());
        _journalQueue = new(judging.Journal, time, logs.CreateLogger<JournalQueue>());
        var answers = new AnswerEnds(options, judging.Recipients, logs.CreateLogger<AnswerEnds>());
        var outbound = new OutboundMail(options, judging.Recipients, judging.Proving, _journalQueue, time);
        var guard = new GuardServices(
            options, Way<GuardedMessage>(answers.For), answers, outbound, _questions.Content, budget, peers, time);
        Milter = new(new(guard, Connections), options.Listen, handed, time, logs.CreateLogger<MilterListeners>());
        Policy = new(guard, Connections);
        Table = new(guard, judging.Proving, judging.Recipients, Connections);

        SmtpProxyListener = new(options, isLmtp: false, tls: null, isProxy: true);
        LmtpProxyListener = new(options, isLmtp: true, tls: null, isProxy: true);
        SmtpProxy = HandOn(options.Relay.SmtpTo, isLmtp: false);
        LmtpProxy = HandOn(options.Relay.LmtpTo, isLmtp: true);
        if (mail.Filter is not null && options.Listen.ServesSpamd)
        {
            Spamd = new(
                new(mail.Filter, options, metrics, time, logs.CreateLogger<SpamdAnswer>()), options, tls, time,
                logs.CreateLogger<SpamdHandler>());
        }

        SmtpConnectionHandler Serve(Func<Transaction, IEnd<IncomingMessage>> ends) => new(
            new(options, Way(ends), mail.Spool, mail.Sessions, budget, mail.Precedence, new(Harvest, Delays), time), peers, metrics,
            logs.CreateLogger<SmtpConnectionHandler>());

        SmtpConnectionHandler? HandOn(string to, bool isLmtp)
        {
            if (PeerAddress.Parse(to) is not { } endPoint)
            {
                return null;
            }

            _relays.Add(new(
                options, judging.Recipients, judging.Refusals, outbound, new(endPoint, isLmtp, options, time),
                mail.Spool.LargeDirectory, logs.CreateLogger<NextHopEnds>()));
            return Serve(_relays[^1].For);
        }
    }

    /// <summary>Counts the errors of networks.</summary>
    public HarvestWatch Harvest { get; }

    /// <summary>Delays the replies to clients that make too many errors.</summary>
    public ErrorDelays Delays { get; }

    public SmtpListener SmtpListener { get; }

    public SmtpListener LmtpListener { get; }

    public SmtpConnectionHandler Handler { get; }

    public SmtpListener SmtpProxyListener { get; }

    public SmtpListener LmtpProxyListener { get; }

    /// <summary>The front of the SMTP proxy; null where no next server is configured.</summary>
    public SmtpConnectionHandler? SmtpProxy { get; }

    /// <summary>The front of the LMTP proxy; null where no next server is configured.</summary>
    public SmtpConnectionHandler? LmtpProxy { get; }

    public GuardConnections Connections { get; }

    public MilterListeners Milter { get; }

    public PolicyHandler Policy { get; }

    public TableHandler Table { get; }

    /// <summary>The front for spamd's protocol; null where it is not configured.</summary>
    public SpamdHandler? Spamd { get; }

    /// <summary>How many sent messages since the start never came into the journal.</summary>
    public long JournalDropped => _journalQueue.Dropped;

    public void Dispose()
    {
        Spamd?.Dispose();
        _relays.ForEach(r => r.Dispose());
        Milter.Dispose();
        Connections.Dispose();
        _journalQueue.Dispose();
    }

    private static Questions Ask(
        BackstopOptions options, JudgingParts judging, MailParts mail, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        var recipients = new RecipientRules(
            options, judging.Recipients, judging.Proving, judging.Dnsbl, judging.Refusals, judging.Storms, time);
        var storms = new StormRules(
            options, judging.Journal, judging.Proving.SignedIds, judging.Correspondents, judging.Storms.Watch, judging.Storms.Time, time);
        var filters = new FilterRules(
            options, mail.Filters, mail.Names.Of, mail.Precedence.Ladder, storms, metrics, time, logs.CreateLogger<FilterRules>());
        var content = new ContentRules(
            options, judging.Proving, storms, filters, time, logs.CreateLogger<ContentRules>());
        var accepted = new AcceptedMail(storms, judging.Replies, judging.Clients, judging.Activity, metrics, time);
        return new(options.Smtp, recipients, content, judging.Refusals, accepted, mail.Names);
    }

    private MailPipeline<TMessage> Way<TMessage>(Func<Transaction, IEnd<TMessage>> ends)
        where TMessage : IReceived
        => new(_questions, ends, _logs.CreateLogger<MailPipeline<TMessage>>());
}
