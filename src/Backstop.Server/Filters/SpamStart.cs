using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Server.Filters;

/// <summary>The learner's database, which stays open from the first configuration with a learner to the end of the server.</summary>
/// <param name="Store">The database.</param>
/// <param name="Health">Its health.</param>
internal sealed record SpamLearner(BayesStore Store, StoreHealth Health);

/// <summary>
/// Starts reading the rules before the other parts of the server are made, because it takes the longest.
/// </summary>
internal sealed class SpamStart
{
    private readonly BackstopOptions _options;

    private SpamStart(BackstopOptions options, SpamLearner? kept, Task<SpamEngine>? engine) =>
        (_options, Kept, Engine) = (options, kept, engine);

    /// <summary>The learner's database; null where there is no learner.</summary>
    public BayesStore? Store => _options.Spam.Bayes ? Kept?.Store : null;

    /// <summary>The learner, whether it is used now or was by an earlier configuration; null where none was opened.</summary>
    public SpamLearner? Kept { get; }

    /// <summary>The compiled rules; null where no filter uses them.</summary>
    public Task<SpamEngine>? Engine { get; }

    /// <summary>Whether the rules are those that were compiled before.</summary>
    public bool IsSame { get; private init; }

    /// <summary>Starts reading the rules.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="before">The start by an earlier configuration, whose learner stays open; null for none.</param>
    /// <param name="compiled">The rules that are in use by then, which are taken where they are still the same; null for none.</param>
    /// <param name="kept">A learner that is open, also where a configuration that was refused has opened it; null for none.</param>
    public static SpamStart Begin(BackstopOptions options, TimeProvider time, SpamStart? before = null, SpamEngine? compiled = null,
        SpamLearner? kept = null)
    {
        kept ??= before?.Kept;
        if (!options.Listen.ServesSpamd && !(options.Spam.Enabled && options.Spam.Filter == FilterSetting.Rules))
        {
            return new(options, kept, null);
        }

        if (options.Spam.Bayes && kept is null)
        {
            var health = new StoreHealth(StoreNames.Bayes, DataPaths.Bayes(options), time);
            kept = new(new(DataPaths.Bayes(options), time, health), health);
        }

        var store = options.Spam.Bayes ? kept?.Store : null;
        if (compiled is not null && before is not null && ReadsTheSame(options, before._options))
        {
            var renewed = compiled.Renewed(options, store, time);
            return new(options, kept, Task.FromResult(renewed)) { IsSame = renewed == compiled };
        }

        return new(options, kept, Task.Run(() => SpamEngine.Compile(SpamEngine.Read(options), options, store, time)));
    }

    private static bool ReadsTheSame(BackstopOptions now, BackstopOptions old) =>
        now.Spam.Bayes == old.Spam.Bayes && now.Hostname == old.Hostname && now.Spam.Rules.SequenceEqual(old.Spam.Rules)
        && now.Spam.TrustedNetworks.SequenceEqual(old.Spam.TrustedNetworks)
        && now.Backscatter.OwnHosts.SequenceEqual(old.Backscatter.OwnHosts);
}
