using System.Data.Common;
using Backstop.Backscatter;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Storms;

/// <summary>The storms: what they change at RCPT, what is refused there because of them, and where they are kept.</summary>
internal sealed partial class StormDesk
{
    private volatile BackstopOptions _options;
    private volatile Judge _judge;
    private readonly Refusals _refusals;
    private readonly StormStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger<StormDesk> _log;
    private readonly FirstTries _tries;

    public StormDesk(BackstopOptions options, Judge judge, Refusals refusals, StoreWatch stores, TimeProvider time, ILogger<StormDesk> log)
    {
        _options = options;
        _judge = judge;
        _refusals = refusals;
        _clock = time;
        Time = new SteadyTime(time);
        _log = log;
        _store = new(DataPaths.Storms(options), stores.Add(StoreNames.Storms, DataPaths.Storms(options)));
        _tries = new(options.Storm.TempfailFor, Time);
        Overrides = new(DataPaths.Overrides(options), time, stores.Add(StoreNames.Overrides, DataPaths.Overrides(options)));
        Watch = new(options.Storm.Rule) { Changed = OnChanged };
    }

    /// <summary>The clock of storms, which never goes back. Settings made by hand end by the machine's clock.</summary>
    public TimeProvider Time { get; }

    public StormWatch Watch { get; }

    public Overrides Overrides { get; }

    public StormStore Store => _store;

    /// <summary>Called when a storm begins or ends.</summary>
    public Action<StormRecord>? Changed { get; set; }

    /// <summary>Goes by another configuration from now on; when a storm begins and ends stays as it was.</summary>
    public void Take(BackstopOptions options, Judge judge) => (_options, _judge) = (options, judge);

    /// <summary>Continues the storms that an earlier run left unfinished.</summary>
    public void Resume()
    {
        foreach (var storm in _store.Read().Where(s => s.Ended is null))
        {
            if (Time.GetUtcNow() - storm.Last < _options.Storm.CalmAfter)
            {
                Watch.Resume(storm, Time.GetUtcNow());
            }
            else
            {
                // It ended while the server was stopped.
                _store.Write(storm with { Ended = storm.Last });
            }
        }
    }

    /// <summary>
    /// At RCPT, for the null sender: refuses or defers a bounce because of a storm or of a setting made by hand.
    /// </summary>
    /// <param name="transaction">The client and the recipients so far.</param>
    /// <param name="known">The recipient.</param>
    /// <param name="isProved">Whether the envelope proves the bounce.</param>
    public Refusal? AtRecipient(Transaction transaction, KnownRecipient known, bool isProved)
    {
        if (!transaction.ReversePath.IsNull || known.IsRole || isProved)
        {
            return null;
        }

        if (Overrides.IsBlocked(transaction.Client.Address))
        {
            return Permanent(ServerReasons.BlockedSource);
        }

        if (Overrides.IsStrict(known.Person))
        {
            return Permanent(ServerReasons.StormStrict);
        }

        // Anybody can cause a storm, so it is not evidence against another client's mail: the bounce is only deferred,
        // and its next try is judged by its content.
        return PutsOff && Watch.IsStorm(known.Person, StormKind.BounceFlood) && PutsOffAtRcpt(known)
            && _tries.PutsOff(transaction.Client.Address, known.Person)
            ? new(ServerReasons.StormDeferred, _refusals.Later(ServerReasons.StormDeferred))
            : null;
    }

    /// <summary>Records a refusal at RCPT that indicates backscatter.</summary>
    public void SawRefusal(Transaction transaction, MailAddress address, KnownRecipient? known, Refusal refusal)
    {
        if (transaction.ReversePath.IsNull && refusal.Reason != ServerReasons.NullOneRecipient
            && refusal.Reason != ServerReasons.RelayDenied)
        {
            // Forged tags are refused in any case, and cost three commands: they count for the domain, and cause no
            // storm that would affect untagged mail.
            var victim = known is null || refusal.IsOfTag ? "@" + MailAddress.DomainKey(address.Domain) : known.Person;
            var action = refusal.Reply.Code < 500 ? StormAction.Deferred : StormAction.RefusedAtRcpt;
            Watch.Add(
                new(
                    victim, StormKind.BounceFlood, StormRules.Host(transaction), StormRules.NetworkOf(transaction), action,
                    refusal.Reason), Time.GetUtcNow());
        }
    }

    /// <summary>Ends storms that are over, and stores the others. To be called every few seconds.</summary>
    public void Tick()
    {
        var now = Time.GetUtcNow();
        Watch.Tick(now);
        _tries.Forget();
        foreach (var storm in Watch.Active)
        {
            _store.Write(storm);
        }
    }

    private bool PutsOff =>
        _options.Storm.Enabled && _options.Storm.TempfailFirst && _options.Backscatter.Unproved != UnprovedPolicy.File;

    private bool PutsOffAtRcpt(KnownRecipient known)
    {
        var (gate, judge) = (_options.Storm.RefuseAt, _judge);
        if (gate != StormGate.Auto)
        {
            return gate == StormGate.Rcpt;
        }

        try
        {
            // A journal that was lost knows no mail of an address; that does not mean that the address sends none.
            return judge.Loss is null && judge.CoverOf(known.Key, _clock.GetUtcNow()).Seen.Since is null;
        }
        catch (DbException)
        {
            // An unreadable journal refutes nothing.
            return false;
        }
    }

    private Refusal Permanent(Reason reason) =>
        new(reason, _refusals.Permanent("5.7.1", "This address did not send what is returned to it", reason));

    private void OnChanged(StormRecord storm)
    {
        if (storm.Ended is null)
        {
            LogBegins(
                storm.Kind, storm.Victim, storm.Count, storm.Hosts.Count, storm.Started,
                storm.Campaigns.Count > 0 ? storm.Campaigns[0].Label : "");
        }
        else
        {
            LogEnds(storm.Kind, storm.Victim, storm.Count, storm.Hosts.Count, storm.Started);
        }

        _store.Write(storm);
        Changed?.Invoke(storm);
    }

    [LoggerMessage(
        8001, LogLevel.Warning, "storm begins: {Kind} to {Victim}, {Count} messages from {Hosts} hosts since {Started:O}; {Campaign}")]
    private partial void LogBegins(string kind, string victim, long count, int hosts, DateTimeOffset started, string campaign);

    [LoggerMessage(8002, LogLevel.Warning, "storm over: {Kind} to {Victim}, {Count} messages from {Hosts} hosts since {Started:O}")]
    private partial void LogEnds(string kind, string victim, long count, int hosts, DateTimeOffset started);
}
