using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Judging.Storms;
using Backstop.Server.Guard;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Backstop.Server.Smtp;
using Backstop.Server.Spamd;
using Backstop.Server.Way;
using Backstop.Server.Web;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The fronts that clients and servers connect to, and the pipelines behind them, by one configuration.</summary>
internal sealed class FrontParts : IDisposable
{
    private readonly ILoggerFactory _logs;
    private readonly Questions _questions;
    private readonly TlsCertificate? _tls;
    private readonly List<NextHopEnds> _relays = [];

    public FrontParts(
        Configured by, JudgingParts judging, MailParts mail, SharedFronts shared, TimeProvider time, BackstopMetrics metrics,
        ILoggerFactory logs)
    {
        _logs = logs;
        var (settings, filters) = (by.Settings, by.Filters);
        var (options, recipients) = (settings.Options, settings.Recipients);
        _questions = Ask(settings, filters, judging, mail, shared, time, metrics, logs);
        var tls = _tls = TlsCertificate.Open(options, time, judging.Stores);
        var peers = new LocalPeers(options, time, logs.CreateLogger<LocalPeers>());
        var spool = new SpoolEnds(
            options, recipients, judging.Refusals, mail.Spool, mail.Delivery, mail.Precedence, time, logs.CreateLogger<SpoolEnds>())
        {
            Hold = by.Hold,
        };
        SmtpListener = new(options, isLmtp: false, tls);
        LmtpListener = new(options, isLmtp: true, tls);
        Handler = Serve(spool.For);

        var answers = new AnswerEnds(options, recipients, logs.CreateLogger<AnswerEnds>());
        var outbound = new OutboundMail(options, recipients, settings.Proving, shared.Journal, time);
        var guard = new GuardServices(
            options, Way<GuardedMessage>(answers.For), answers, outbound, _questions.Content, shared.Budget, peers, time);
        Milter = new(guard, shared.Connections);
        Policy = new(guard, shared.Connections);
        Table = new(guard, settings.Proving, recipients, shared.Connections);

        SmtpProxyListener = new(options, isLmtp: false, tls: null, isProxy: true);
        LmtpProxyListener = new(options, isLmtp: true, tls: null, isProxy: true);
        SmtpProxy = HandOn(options.Relay.SmtpTo, isLmtp: false);
        LmtpProxy = HandOn(options.Relay.LmtpTo, isLmtp: true);
        if (filters.Filter is not null && options.Listen.ServesSpamd)
        {
            Spamd = new(
                new(filters.Filter, options, metrics, time, logs.CreateLogger<SpamdAnswer>()), options, tls, time,
                logs.CreateLogger<SpamdHandler>());
        }

        Classify = new(options, new(options, settings.Proving, time), metrics, time, logs.CreateLogger<ClassifyEndpoint>());

        SmtpConnectionHandler Serve(Func<Transaction, IEnd<IncomingMessage>> ends) => new(
            new(options, Way(ends), mail.Spool, mail.Sessions, shared.Budget, mail.Precedence, shared.Errors, time), peers, metrics,
            logs.CreateLogger<SmtpConnectionHandler>());

        SmtpConnectionHandler? HandOn(string to, bool isLmtp)
        {
            if (PeerAddress.Parse(to) is not { } endPoint)
            {
                return null;
            }

            _relays.Add(new(
                options, recipients, judging.Refusals, outbound, new(endPoint, isLmtp, options, time),
                mail.Spool.LargeDirectory, logs.CreateLogger<NextHopEnds>()));
            return Serve(_relays[^1].For);
        }
    }

    public SmtpListener SmtpListener { get; }

    public SmtpListener LmtpListener { get; }

    public SmtpConnectionHandler Handler { get; }

    public SmtpListener SmtpProxyListener { get; }

    public SmtpListener LmtpProxyListener { get; }

    /// <summary>The front of the SMTP proxy; null where no next server is configured.</summary>
    public SmtpConnectionHandler? SmtpProxy { get; }

    /// <summary>The front of the LMTP proxy; null where no next server is configured.</summary>
    public SmtpConnectionHandler? LmtpProxy { get; }

    public MilterHandler Milter { get; }

    public PolicyHandler Policy { get; }

    public TableHandler Table { get; }

    /// <summary>The front for spamd's protocol; null where it is not configured.</summary>
    public SpamdHandler? Spamd { get; }

    /// <summary>Explains messages over HTTP.</summary>
    public ClassifyEndpoint Classify { get; }

    public void Dispose()
    {
        Spamd?.Dispose();
        _relays.ForEach(r => r.Dispose());
        _tls?.Dispose();
    }

    private static Questions Ask(
        Settings settings, FilterParts parts, JudgingParts judging, MailParts mail, SharedFronts shared, TimeProvider time,
        BackstopMetrics metrics, ILoggerFactory logs)
    {
        var (options, proving) = (settings.Options, settings.Proving);
        var recipients = new RecipientRules(
            options, settings.Recipients, proving, settings.Dnsbl, judging.Refusals, judging.Storms, time);
        var storms = new StormRules(
            options, judging.Journal, proving.SignedIds, judging.Correspondents, judging.Storms.Watch, judging.Storms.Time, time);
        var filters = new FilterRules(
            options, parts.Filters, settings.Names.Of, mail.Precedence.Ladder, storms, metrics, time, logs.CreateLogger<FilterRules>());
        var content = new ContentRules(options, proving, storms, filters, time, logs.CreateLogger<ContentRules>());
        var accepted = new AcceptedMail(storms, judging.Replies, judging.Clients, judging.Activity, metrics, time);
        var strangers = new StrangerRules(options, shared.Rates, judging.Greylist, storms, judging.Refusals);
        return new(options.Smtp, recipients, strangers, content, judging.Refusals, accepted, settings.Names);
    }

    private MailPipeline<TMessage> Way<TMessage>(Func<Transaction, IEnd<TMessage>> ends)
        where TMessage : IReceived
        => new(_questions, ends, _logs.CreateLogger<MailPipeline<TMessage>>());
}
