using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Globalization;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Protections;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Status;

namespace Backstop.Server;

/// <summary>Reports the state of the server: for /status, /readyz and metrics.</summary>
internal sealed class StatusReport(
    BackstopOptions options, JudgingParts judging, MailParts mail, SharedFronts fronts, Func<FilterParts> filters, BackstopMetrics metrics,
    TimeProvider time)
{
    // The page stays readable. For more mailboxes: backstop journal stats.
    private const int MaxShown = 100;

    /// <summary>Returns why no mail is accepted now; null where mail is accepted.</summary>
    public string? NotReady() =>
        mail.Sessions.IsStopping ? "stopping"
        : mail.Room.IsShort ? "no room in the spool"
        : mail.Delivery.Waiting >= judging.Now.Options.Spool.MaxWaiting ? "too many messages wait"
        : null;

    /// <summary>Every protection and its state.</summary>
    public IReadOnlyList<Protection> Protections => ProtectionList.Of(judging, filters());

    /// <summary>A line for each part without which mail goes on, and that does not work.</summary>
    public IEnumerable<string> Troubles => Protections.Where(p => p.State == ProtectionState.Down).Select(p => p.Sentence);

    /// <summary>How the last reload went; null where there was none.</summary>
    public ReloadStatus? Reload { get; set; }

    /// <summary>Returns the present state.</summary>
    public ServerStatus Now() => new(
        options.Hostname, mail.Sessions.Count, mail.Delivery.Waiting, mail.Room.Free, mail.Room.IsShort,
        [.. mail.Delivery.Failing.Select(f =>
            new FailingStatus(f.Folder.Path, f.Folder.Folder, f.Waiting, f.Failures, f.Error, f.RetryAt))],
        [.. judging.Dnsbl.Zones.Select(z => new ListStatus(z.Name, z.State.ToString(), z.Rests))],
        [.. judging.Recipients.Mailboxes.Take(MaxShown).Select(m => CoverOf(m.Keys[0]))],
        metrics.MessagesGenerated)
    {
        Ladder = mail.Precedence.Gate.Rate is { } rate
            ? string.Create(CultureInfo.InvariantCulture, $"{mail.Precedence.Ladder.Words}; bounces at {rate:F0}/s")
            : mail.Precedence.Ladder.Words,
        Lanes = Enum.GetValues<MailClass>().ToDictionary(MailClasses.Word, mail.Precedence.Shares.Sessions),
        Harvest = HarvestNow(),
        Stopped = mail.Delivery.Stopped,
        SpamRules = filters().Filter?.Trouble is { } rules ? $"{ProtectionList.Rules}: {rules}" : "",
        Protections = Protections,
        Stores = [.. judging.Stores.States.Select(StoreStatus.Of)],
        Reload = Reload,
        Storms = [.. judging.Storms.Watch.Summaries.Select(s => new StormStatus(s.Id, s.Kind, s.Victim, s.Started, s.Count))],
    };

    /// <summary>Registers the observed metrics.</summary>
    public void Observe()
    {
        metrics.Observe("backstop.sessions", "{session}", "Open sessions.", () => mail.Sessions.Count);
        metrics.Observe(
            "backstop.journal.dropped", "{message}", "Sent messages since the start that never came into the journal.",
            () => fronts.Journal.Dropped);
        metrics.Observe(
            "backstop.guard.connections", "{connection}", "Open connections of servers that ask us.", () => fronts.Connections.Open);
        metrics.Observe(
            "backstop.harvest.networks", "{network}", "Networks over their budget of unknown recipients and errors.",
            () => fronts.Errors.Harvest.Figures.Networks);
        metrics.Observe(
            "backstop.harvest.attempts", "{attempt}", "How often a network exceeded that budget since the start.",
            () => fronts.Errors.Harvest.Figures.Attempts);
        metrics.Observe(
            "backstop.errors.delayed", "{session}", "Sessions that wait for the answers to their errors.",
            () => fronts.Errors.Delays.Waiting);
        metrics.Observe(
            "backstop.ladder.step", "{step}",
            "What is left out under load: 0 nothing, 1 scans of known correspondents, 2 all scans, 3 bounces too.",
            () => (long)mail.Precedence.Ladder.Step);
        metrics.Observe(
            "backstop.lane.waiting", "{message}", "Messages of the null sender that wait until real mail leaves room.",
            () => mail.Precedence.Gate.Waiting);
        metrics.Observe(
            "backstop.lane.sessions", "Open sessions, by the class of their last message.",
            () => Enum.GetValues<MailClass>().Select(c =>
            new Measurement<long>(mail.Precedence.Shares.Sessions(c), new KeyValuePair<string, object?>("class", MailClasses.Word(c)))));
        metrics.Observe("backstop.lane.delay", "us", "How late threads run.", () => (long)mail.Precedence.Gate.Delay.TotalMicroseconds);
        metrics.Observe("backstop.storms", "Storms that last, by kind.", () => Enum.GetValues<Backscatter.Storms.StormKind>().Select(k =>
            new Measurement<long>(
                judging.Storms.Watch.Summaries.Count(s => s.Kind == Backscatter.Storms.StormWords.Word(k)), new KeyValuePair<string,
                object?>("kind", Backscatter.Storms.StormWords.Word(k)))));
        metrics.Observe(
            "backstop.store.working", "1 if a store of the data folder works; 0 if it fails or was lost.",
            () => judging.Stores.States.Select(s =>
            new Measurement<long>(StoreStatus.Of(s).State == "ok" ? 1 : 0, new KeyValuePair<string, object?>("store", s.Name))));
        metrics.Observe(
            "backstop.protection.working", "1 if a protection that the configuration asks for works; 0 if mail passes without it.",
            () => Protections.Where(p => p.State != ProtectionState.Off).Select(p => new Measurement<long>(
                p.State == ProtectionState.Down ? 0 : 1, new KeyValuePair<string, object?>("check", p.Check),
                new KeyValuePair<string, object?>("name", p.Name))));
        metrics.Observe("backstop.spool.free", "By", "Free room on the spool's disk.", () => mail.Room.Free);
        metrics.Observe(
            "backstop.delivery.failing", "{folder}", "Folders that cannot be delivered to just now.", () => mail.Delivery.Failing.Count);
        metrics.Observe("backstop.dnsbl.working", "1 if the answers of a DNS list are used.", () => judging.Dnsbl.Zones.Select(z =>
            new Measurement<long>(z.State == DnsblState.Working && !z.Rests ? 1 : 0, new KeyValuePair<string, object?>("zone", z.Name))));
    }

    private HarvestStatus HarvestNow()
    {
        var figures = fronts.Errors.Harvest.Figures;
        return new(figures.Networks, figures.Attempts, figures.Last, figures.LastAt, fronts.Errors.Delays.Waiting);
    }

    private CoverStatus CoverOf(string address)
    {
        try
        {
            var cover = judging.Proving.Judge.CoverOf(address, time.GetUtcNow());
            return new(
                address, cover.IsCovered, cover.Why, cover.Seen.Messages, cover.Seen.Since, cover.Seen.Replies,
                cover.Seen.RepliesToKnown);
        }
        catch (DbException)
        {
            return new(address, IsCovered: false, "the journal cannot be read", 0, null, 0, 0);
        }
    }
}
