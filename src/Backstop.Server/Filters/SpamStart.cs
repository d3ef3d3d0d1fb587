using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Server.Filters;

/// <summary>
/// Starts reading the rules before the other parts of the server are made, because it takes the longest.
/// </summary>
internal sealed class SpamStart
{
    private SpamStart(BayesStore? store, StoreHealth? health, Task<SpamEngine>? engine) =>
        (Store, Health, Engine) = (store, health, engine);

    /// <summary>The learner's database; null where there is no learner.</summary>
    public BayesStore? Store { get; }

    /// <summary>The health of that database; null where there is no learner.</summary>
    public StoreHealth? Health { get; }

    /// <summary>The compiled rules; null where no filter uses them.</summary>
    public Task<SpamEngine>? Engine { get; }

    public static SpamStart Begin(BackstopOptions options, TimeProvider time)
    {
        if (!options.Listen.ServesSpamd && !(options.Spam.Enabled && options.Spam.Filter == FilterSetting.Rules))
        {
            return new(null, null, null);
        }

        var health = options.Spam.Bayes ? new StoreHealth(StoreNames.Bayes, DataPaths.Bayes(options), time) : null;
        var store = health is null ? null : new BayesStore(DataPaths.Bayes(options), time, health);
        return new(store, health, Task.Run(() => SpamEngine.Compile(SpamEngine.Read(options), options, store, time)));
    }
}
