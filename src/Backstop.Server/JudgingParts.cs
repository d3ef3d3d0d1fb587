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

/// <summary>
/// The stores of the data folder, what is remembered of clients and storms, and the settings in force that decide from them.
/// </summary>
internal sealed class JudgingParts : IDisposable
{
    private readonly SteadyTime _steady;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _logs;
    private readonly StoreHealth _journalHealth;
    private volatile Settings _now;
    private SpamLearner? _learner;

    public JudgingParts(BackstopOptions options, SpamStart spam, TimeProvider time, BackstopMetrics metrics, ILoggerFactory logs)
    {
        (_time, _logs) = (time, logs);
        _steady = new(time);
        Stores = new(options, time, logs.CreateLogger<StoreWatch>());
        _journalHealth = Stores.Add(StoreNames.Journal, DataPaths.Journal(options));
        Journal = new(DataPaths.Journal(options), time, options.Journal.RecipientWindow, _journalHealth);
        Stores.Check(Journal.Check);
        Watch(spam);
        _now = Make(options, null);
        Replies = new(Journal, Proving.SignedIds, time);
        Activity = new(time);
        Clients = new(time);
        Refusals = new(metrics, Activity, Clients, time, logs.CreateLogger<Refusals>());
        Storms = new(options, Proving.Judge, Refusals, Stores, time, logs.CreateLogger<StormDesk>());
        Correspondents = new(
            DataPaths.Correspondents(options), time, Stores.Add(StoreNames.Correspondents, DataPaths.Correspondents(options)));
        Stores.Check(Correspondents.Check);
        if (options.Greylist.Enabled)
        {
            var health = Stores.Add(StoreNames.Greylist, DataPaths.Greylist(options));
            Greylist = new(options.Greylist, new(DataPaths.Greylist(options), health), health, _steady);
            Stores.Check(Greylist.Check);
        }
    }

    /// <summary>The settings in force.</summary>
    public Settings Now => _now;

    public Recipients Recipients => _now.Recipients;

    public DnsblChecker Dnsbl => _now.Dnsbl;

    public Proving Proving => _now.Proving;

    public StoreWatch Stores { get; }

    /// <summary>The learner that was opened first; null where none was.</summary>
    public SpamLearner? Learner => _learner;

    public SentJournal Journal { get; }

    public ReplyWatch Replies { get; }

    public ActivityLog Activity { get; }

    public ClientHistory Clients { get; }

    public Refusals Refusals { get; }

    public StormDesk Storms { get; }

    public Correspondents Correspondents { get; }

    /// <summary>Has the first mail of strangers wait; null where it does not.</summary>
    public Greylist? Greylist { get; }

    /// <summary>Makes the settings of a configuration, and reads their keys and secrets.</summary>
    /// <param name="options">A checked configuration.</param>
    /// <param name="before">The settings before, whose lists stay where nothing of theirs has changed; null for none.</param>
    /// <exception cref="InvalidDataException">A key file is invalid.</exception>
    public Settings Make(BackstopOptions options, Settings? before)
    {
        var dnsbl = options.Dnsbl;
        var lists = before is not null && Keys(before.Options).SequenceEqual(Keys(options)) ? before.Dnsbl : new([.. dnsbl.Zones.Where(_ =>
            options.Listen.ReceivesMail || options.Listen.GuardsServer).Select(z => Zone(z, dnsbl, _steady))]);
        var proof = new JournalProof(Journal, _journalHealth, options.Backscatter.ProofWindow);
        return new(
            options, new(options, Tables(options, before)), Proving.Create(options, proof), lists,
            new(new ReverseLookup(dnsbl.Resolvers, dnsbl.TimeLimit).NameAsync, dnsbl.TimeLimit, _time));

        static IEnumerable<KeyValuePair<string, string>> Keys(BackstopOptions options) =>
            ConfigKeys.Of(options).Where(k => k.Key.StartsWith("dnsbl.", StringComparison.Ordinal));
    }

    // Tables in which nothing has changed stay, with all that is remembered of their answers.
    private IReadOnlyList<IAddressTable> Tables(BackstopOptions options, Settings? before)
    {
        return !options.Listen.ReceivesMail ? []
            : before is not null && Keys(before.Options).SequenceEqual(Keys(options)) ? before.Recipients.Tables
            : TableParts.Of(options, _time, _logs);

        static IEnumerable<KeyValuePair<string, string>> Keys(BackstopOptions options) =>
            ConfigKeys.Of(options).Where(k => k.Key is "domains" || k.Key.StartsWith("recipients.", StringComparison.Ordinal));
    }

    /// <summary>Puts settings in force.</summary>
    public void Take(Settings settings)
    {
        _now = settings;
        Stores.Take(settings.Options);
        Storms.Take(settings.Options, settings.Proving.Judge);
        Replies.SignedIds = settings.Proving.SignedIds;
    }

    /// <summary>Watches over the learner's database from now on.</summary>
    public void Watch(SpamStart spam)
    {
        if (_learner is null && spam.Kept is { } learner)
        {
            _learner = learner;
            Stores.Add(learner.Health);
            Stores.Check(learner.Store.Check);
        }
    }

    /// <summary>Writes counters that are kept in memory: the replies to our mail, and who has written lately.</summary>
    public void Write()
    {
        Replies.Write();
        Greylist?.Write();
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
        _learner?.Store.Dispose();
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
