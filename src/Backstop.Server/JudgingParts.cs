using System.Data.Common;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Backstop.Judging.Storms;
using Backstop.MailAuth.Dnsbl;
using Backstop.Server.Filters;
using Backstop.Server.Net;
using Backstop.State;
using Microsoft.Extensions.Logging;

namespace Backstop.Server;

/// <summary>The stores of the data folder, and the parts that decide from them.</summary>
internal sealed class JudgingParts : IDisposable
{
    public JudgingParts(BackstopOptions options, SpamStart spam, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        var steady = new SteadyTime(time);
        Recipients = new(options);
        Stores = new(options, time, logs.CreateLogger<StoreWatch>());
        var journalHealth = Stores.Add(StoreNames.Journal, DataPaths.Journal(options));
        Journal = new(DataPaths.Journal(options), time, options.Journal.RecipientWindow, journalHealth);
        Stores.Check(Journal.Check);
        if (spam is { Health: { } learner, Store: { } learned })
        {
            Stores.Add(learner);
            Stores.Check(learned.Check);
        }

        Dnsbl = new(
            [.. options.Dnsbl.Zones.Where(_ =>
                options.Listen.ReceivesMail || options.Listen.GuardsServer).Select(z => Zone(z, options.Dnsbl, steady))]);
        Proving = Proving.Create(options, new JournalProof(Journal, journalHealth, options.Backscatter.ProofWindow));
        Replies = new(Journal, Proving.SignedIds, time);
        Activity = new(time);
        Clients = new(time);
        Refusals = new(metrics, Activity, Clients, time, logs.CreateLogger<Refusals>());
        Storms = new(options, Proving.Judge, Refusals, Stores, time, logs.CreateLogger<StormDesk>());
        Correspondents = new(
            DataPaths.Correspondents(options), time, Stores.Add(StoreNames.Correspondents, DataPaths.Correspondents(options)));
        Stores.Check(Correspondents.Check);
    }

    public Recipients Recipients { get; }

    public StoreWatch Stores { get; }

    public SentJournal Journal { get; }

    public DnsblChecker Dnsbl { get; }

    public Proving Proving { get; }

    public ReplyWatch Replies { get; }

    public ActivityLog Activity { get; }

    public ClientHistory Clients { get; }

    public Refusals Refusals { get; }

    public StormDesk Storms { get; }

    public Correspondents Correspondents { get; }

    /// <summary>Writes counters that are kept in memory: the replies to our mail, and who has written lately.</summary>
    public void Write()
    {
        Replies.Write();
        try
        {
            Correspondents.Write();
        }
        catch (DbException)
        {
            // The watch over the stores reports this failure. It is tried again with the next write.
        }
    }

    public void Dispose()
    {
        Write();
        Correspondents.Dispose();
        Journal.Dispose();
    }

    private static DnsblZone Zone(string name, DnsblSettings settings, TimeProvider time) => new(
        name,
        new DnsAddressLookup(settings.Resolvers, settings.TimeLimit).LookupAsync,
        new()
        {
            TimeLimit = settings.TimeLimit,
            ListedFor = settings.ListedFor,
            UnlistedFor = settings.UnlistedFor,
            Codes = settings.Codes
        },
        time);
}
