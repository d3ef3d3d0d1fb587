using Backstop.Configuration.Options;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Server.Filters;

/// <summary>Compiled rules, as read at one time, with the learner. Replaced as a whole.</summary>
internal sealed class SpamEngine
{
    private readonly Lazy<SpamScanner> _scanner;
    private readonly Lazy<SpamScanner> _other;
    private readonly IReadOnlyList<(string Path, DateTime Changed, long Length)> _files;

    private SpamEngine(RuleSet rules, BackstopOptions options, IBayesStore? store, TimeProvider time)
    {
        (Rules, _files) = (rules, Stamps(rules, options));
        LearnerSpeaks = store is not null && rules.UsesBayes && BayesLearner.HasEnough(rules, store.Messages);
        _scanner = new(() => new SpamScanner(rules, time, LearnerSpeaks));
        _other = new(() => Scanner.ForScores(!LearnerSpeaks));
    }

    /// <summary>The rules that were compiled.</summary>
    public RuleSet Rules { get; }

    /// <summary>The rules, compiled; where that has not been done yet, now.</summary>
    public SpamScanner Scanner => _scanner.Value;

    /// <summary>The learner; null where there is none.</summary>
    public BayesLearner? Learner { get; private set; }

    /// <summary>Whether the learner has seen enough, so that the score sets with Bayes are compiled.</summary>
    public bool LearnerSpeaks { get; }

    public IReadOnlyList<RuleDiagnostic> Diagnostics => Scanner.Diagnostics;

    /// <summary>
    /// The scanner for the score sets with the learner or without; the one that is not <see cref="Scanner"/> is compiled when first asked
    /// for.
    /// </summary>
    public SpamScanner ScannerFor(bool bayes) => bayes == LearnerSpeaks ? Scanner : _other.Value;

    /// <summary>A learner with another store that reads messages as the site's does.</summary>
    public BayesLearner LearnerOf(IBayesStore store) =>
        _scanner.IsValueCreated ? Scanner.LearnerOf(store) : new BayesLearner(Rules, store);

    /// <summary>Reads the rule files.</summary>
    public static RuleSet Read(BackstopOptions options) => RuleSet.LoadOrOwn(options.Spam.Rules, RuleOptions(options));

    /// <summary>Compiles rules.</summary>
    public static SpamEngine Compile(RuleSet rules, BackstopOptions options, IBayesStore? store, TimeProvider time)
    {
        var engine = new SpamEngine(rules, options, store, time);
        engine.Scanner.WarmUp();
        engine.Learner = store is null ? null : engine.Scanner.LearnerOf(store);
        return engine;
    }

    /// <summary>Rules for whoever teaches the learner and scores nothing: they are compiled only where they are asked for.</summary>
    public static SpamEngine ForLearning(RuleSet rules, BackstopOptions options, IBayesStore? store, TimeProvider time) =>
        new(rules, options, store, time) { Learner = store is null ? null : new BayesLearner(rules, store) };

    /// <summary>
    /// Returns this engine, or a new one where rule files have changed or the learner has seen enough since.
    /// </summary>
    public SpamEngine Renewed(BackstopOptions options, IBayesStore? store, TimeProvider time)
    {
        if (!Stamps(Rules, options).SequenceEqual(_files))
        {
            return Compile(Read(options), options, store, time);
        }

        return (Rules.UsesBayes && (Learner?.IsReady ?? false)) == LearnerSpeaks ? this : Compile(Rules, options, store, time);
    }

    // VBounce: a bounce that returns a Received field of one of our hosts is not backscatter.
    private static RuleSetOptions RuleOptions(BackstopOptions options) => new()
    {
        OwnHosts = options.Backscatter.OwnHosts.Count > 0 ? options.Backscatter.OwnHosts : [options.Hostname],
        ExtraLines = options.Spam.TrustedNetworks.Count > 0 ? ["trusted_networks " + string.Join(' ', options.Spam.TrustedNetworks)] : [],
    };

    // What was read, and what would be read now: a channel of sa-update that has come is a new file.
    private static List<(string, DateTime, long)> Stamps(RuleSet rules, BackstopOptions options) =>
        [.. rules.Files.Concat(RuleSet.FilesOf(options.Spam.Rules)).Distinct(StringComparer.Ordinal).Select(f => new FileInfo(f))
            .Select(f => (f.FullName, f.LastWriteTimeUtc, f.Exists ? f.Length : -1))];
}
