using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Server.Filters;

/// <summary>The preferences of a user over the rules of an engine, compiled when first asked for.</summary>
/// <param name="set">The preferences, read over the rules of <paramref name="engine"/>.</param>
/// <param name="engine">The site's rules.</param>
internal sealed class UserRules(RuleSet set, SpamEngine engine)
{
    private readonly Lazy<SpamScanner> _plain = new(() => engine.ScannerFor(bayes: false).For(set));
    private readonly Lazy<SpamScanner> _bayes = new(() => engine.ScannerFor(bayes: true).For(set));

    public RuleSet Set => set;

    /// <summary>The scanner for the score sets with the learner or without.</summary>
    public SpamScanner ScannerFor(bool bayes) => bayes ? _bayes.Value : _plain.Value;
}
