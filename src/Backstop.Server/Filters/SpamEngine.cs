using Backstop.Configuration.Options;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Server.Filters;

/// <summary>Rules as they were read at one time, compiled, with the learner. Replaced as a whole.</summary>
internal sealed class SpamEngine
{
    private readonly RuleSet _rules;
    private readonly IReadOnlyList<(string, DateTime)> _files;

    private SpamEngine(RuleSet rules, SpamScanner scanner, BayesLearner? learner, bool learnerSpeaks)
    {
        (_rules, Scanner, Learner, LearnerSpeaks) = (rules, scanner, learner, learnerSpeaks);
        _files = Times(rules.Files);
    }

    public SpamScanner Scanner { get; }

    /// <summary>Null where there is none.</summary>
    public BayesLearner? Learner { get; }

    /// <summary>The scores of the sets with Bayes are compiled in: the learner had seen enough.</summary>
    public bool LearnerSpeaks { get; }

    public IReadOnlyList<RuleDiagnostic> Diagnostics => Scanner.Diagnostics;

    /// <summary>Reads the rules.</summary>
    public static RuleSet Read(BackstopOptions options) => RuleSet.LoadOrOwn(options.Spam.Rules, RuleOptions(options));

    /// <summary>Compiles them.</summary>
    public static SpamEngine Compile(RuleSet rules, IBayesStore? store, TimeProvider time)
    {
        var speaks = store is not null && BayesLearner.HasEnough(rules, store.Messages);
        var scanner = new SpamScanner(rules, time, speaks);
        scanner.WarmUp();
        return new(rules, scanner, store is null ? null : new BayesLearner(rules, store), speaks);
    }

    /// <summary>This one, or a newer one where rule files have changed or the learner has come to know enough.</summary>
    public SpamEngine Renewed(BackstopOptions options, IBayesStore? store, TimeProvider time)
    {
        if (!Times(_rules.Files).SequenceEqual(_files))
        {
            return Compile(Read(options), store, time);
        }

        return (Learner?.IsReady ?? false) == LearnerSpeaks ? this : Compile(_rules, store, time);
    }

    // VBounce: a bounce that returns the Received field of one of our hosts is none of the backscatter.
    private static RuleSetOptions RuleOptions(BackstopOptions options) => new()
    {
        OwnHosts = options.Backscatter.OwnHosts.Count > 0 ? options.Backscatter.OwnHosts : [options.Hostname],
        ExtraLines = options.Spam.TrustedNetworks.Count > 0 ? ["trusted_networks " + string.Join(' ', options.Spam.TrustedNetworks)] : [],
    };

    private static List<(string, DateTime)> Times(IReadOnlyList<string> files) => [.. files.Select(f => (f, File.GetLastWriteTimeUtc(f)))];
}
