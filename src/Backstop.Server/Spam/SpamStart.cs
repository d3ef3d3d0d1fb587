using Backstop.Server.Options;
using Backstop.Server.Spam.Filters;

namespace Backstop.Server.Spam;

/// <summary>Begins to read the rules before the rest of the server is made: it takes longest of all.</summary>
internal sealed class SpamStart
{
    private SpamStart(BayesStore? store, Task<SpamEngine>? engine) => (Store, Engine) = (store, engine);

    /// <summary>What the learner has seen; null where there is none.</summary>
    public BayesStore? Store { get; }

    /// <summary>The compiled rules; null where nobody asks them.</summary>
    public Task<SpamEngine>? Engine { get; }

    public static SpamStart Begin(BackstopOptions options, TimeProvider time)
    {
        if (!options.Listen.ServesSpamd && !(options.Spam.Enabled && options.Spam.Filter == FilterChoice.Rules))
        {
            return new(null, null);
        }

        var store = options.Spam.Bayes ? new BayesStore(DataPaths.Bayes(options), time) : null;
        return new(store, Task.Run(() => SpamEngine.Compile(SpamEngine.Read(options), store, time)));
    }
}
