using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Server.Filters;

/// <summary>Begins to read the rules before the rest of the server is made: it takes longest of all.</summary>
internal sealed class SpamStart
{
    private SpamStart(BayesStore? store, StoreHealth? health, Task<SpamEngine>? engine) =>
        (Store, Health, Engine) = (store, health, engine);

    /// <summary>What the learner has seen; null where there is none.</summary>
    public BayesStore? Store { get; }

    /// <summary>How that fares; null where there is none.</summary>
    public StoreHealth? Health { get; }

    /// <summary>The compiled rules; null where nobody asks them.</summary>
    public Task<SpamEngine>? Engine { get; }

    public static SpamStart Begin(BackstopOptions options, TimeProvider time)
    {
        if (!options.Listen.ServesSpamd && !(options.Spam.Enabled && options.Spam.Filter == FilterSetting.Rules))
        {
            return new(null, null, null);
        }

        var health = options.Spam.Bayes ? new StoreHealth(StoreNames.Bayes, DataPaths.Bayes(options), time) : null;
        var store = health is null ? null : new BayesStore(DataPaths.Bayes(options), time, health);
        return new(store, health, Task.Run(() => SpamEngine.Compile(SpamEngine.Read(options), store, time)));
    }
}
