using Backstop.Mail;
using Backstop.SpamRules.Evals;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Scanning;

/// <summary>
/// Scores messages by the rules of a <see cref="RuleSet"/>. Holds no state of a message: one scanner serves all threads. Rules are
/// compiled when it is made, their automata as mail needs them.
/// </summary>
public sealed class SpamScanner
{
    private const int BayesSet = 2;

    private readonly RuleSet _rules;
    private readonly CompiledRules _compiled;
    private readonly IReadOnlyDictionary<int, RuleSlot>? _users;
    private readonly MessageReader _reader;
    private readonly TimeProvider _time;

    /// <summary>Compiles the rules that have points in the score set. That is expensive, so make a scanner once and keep it.</summary>
    /// <param name="rules">Rules and settings; left as they are.</param>
    /// <param name="time">The clock for rules about the age of a message; null: the system's.</param>
    /// <param name="bayes">The score sets with Bayes count. Without, rules about the learner's answer do not run.</param>
    /// <exception cref="ArgumentException">The rules are a user's preferences: see <see cref="For"/>.</exception>
    public SpamScanner(RuleSet rules, TimeProvider? time = null, bool bayes = false)
        : this(rules, time ?? TimeProvider.System, bayes, sibling: null)
    {
    }

    private SpamScanner(RuleSet rules, TimeProvider time, bool bayes, SpamScanner? sibling)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (rules.Site is not null)
        {
            throw new ArgumentException("these are preferences; make a scanner of the site's set and call For", nameof(rules));
        }

        _rules = rules;
        _time = time;
        ScoreSet = (rules.NetworkTests ? 1 : 0) | (bayes ? BayesSet : 0);
        _compiled = new CompiledRules(rules, EvalTable.Standard(rules.Settings.Plugins.Loaded), ScoreSet, sibling?._compiled);
        _reader = sibling?._reader ?? new MessageReader(rules.Settings);
        Diagnostics = [.. rules.Diagnostics, .. _compiled.Diagnostics, .. _reader.Diagnostics];
    }

    private SpamScanner(SpamScanner site, RuleSet user)
    {
        (_rules, _time, ScoreSet) = (user, site._time, site.ScoreSet);
        _compiled = site._compiled.For(user, out _users);
        _reader = site._reader.With(user.Settings);
        Diagnostics = _compiled == site._compiled ? user.Diagnostics : [.. user.Diagnostics, .. _compiled.Diagnostics];
    }

    /// <summary>Which of the four scores of a rule counts: 0 plain, 1 with network tests, 2 with Bayes, 3 with both.</summary>
    public int ScoreSet { get; }

    /// <summary>How many rules were compiled, including those that only the network or the learner can make hit.</summary>
    /// <remarks>Of a user's scanner: the rules that run for the user and not for the site.</remarks>
    public int ActiveRules => _compiled.Slots.Count;

    /// <summary>Rules of the files that cannot run here, and why. They never hit, and are never silently taken for misses.</summary>
    public IReadOnlyList<(string Rule, string Why)> Unsupported => [.. _compiled.Unsupported.Select(u => (u.Rule.Name, u.Why))];

    /// <summary>Lines of the rule files that were not understood, when they were read or when they were compiled.</summary>
    public IReadOnlyList<RuleDiagnostic> Diagnostics { get; }

    internal RuleSet Rules => _rules;

    /// <summary>Scores a message of its own, so that the first message from outside does not pay for automata that all share.</summary>
    public void WarmUp() => Scan(
        """
        Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx.example.net (Postfix)
         with ESMTP id 0; Thu, 1 Jan 2026 00:00:00 +0000
        From: "A B" <a@example.org>
        To: b@example.net
        Subject: =?utf-8?Q?warm?= up
        Date: Thu, 1 Jan 2026 00:00:00 +0000
        Message-ID: <1@example.org>
        MIME-Version: 1.0
        Content-Type: multipart/alternative; boundary="x"

        --x
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Hello, see https://www.example.org/ or write to a@example.org.
        --x
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: base64

        PGh0bWw+PGJvZHkgc3R5bGU9ImNvbG9yOiNmZmYiPjxhIGhyZWY9Imh0dHBzOi8vd3d3LmV4YW1wbGUub3JnLyI+SGVsbG88L2E+PC9ib2R5PjwvaHRtbD4=
        --x--
        """u8);

    /// <summary>A scanner by the same rules for another score set. Costs less than a new one: patterns are shared.</summary>
    /// <param name="bayes">As for the constructor.</param>
    public SpamScanner ForScores(bool bayes) =>
        bayes == ((ScoreSet & BayesSet) != 0) ? this : new(_rules, _time, bayes, this);

    /// <summary>
    /// A scanner by the preferences of a user: other points, lists and reports, and rules of the user's own. Nothing is compiled but rules
    /// that do not run for the site, so that one can be made for every user.
    /// </summary>
    /// <param name="preferences">Made by <see cref="RuleSet.WithPreferences"/> of the set that this scanner was made of.</param>
    public SpamScanner For(RuleSet preferences)
    {
        ArgumentNullException.ThrowIfNull(preferences);
        return preferences.Site == _rules ? new(this, preferences)
            : throw new ArgumentException("the preferences were read over other rules", nameof(preferences));
    }

    /// <summary>A learner that reads messages as this scanner does.</summary>
    /// <param name="store">Keeps what is learned.</param>
    public BayesLearner LearnerOf(IBayesStore store) => new(_rules, store, _reader);

    /// <summary>Scores one message, without a limit on CPU time other than that of each rule.</summary>
    /// <param name="message">Its octets, lines ended by LF or CR LF; an mbox <c>From </c> line in front is not part of it.</param>
    /// <param name="external">Results of rules or functions (<c>check_for_spf_pass</c>) that ask the network; absent ones are
    /// false.</param>
    public ScanResult Scan(ReadOnlySpan<byte> message, IReadOnlyDictionary<string, bool>? external = null)
        => ScanWhole(message, external).Result;

    /// <summary>Scores one message and keeps it for a report or for handing on.</summary>
    /// <param name="message">As for <see cref="Scan"/>.</param>
    /// <param name="external">As for <see cref="Scan"/>.</param>
    public ScannedMessage ScanWhole(ReadOnlySpan<byte> message, IReadOnlyDictionary<string, bool>? external = null)
    {
        return ScanWhole(message, learner: null, external);
    }

    /// <summary>Scores one message with what a learner says of it.</summary>
    /// <param name="message">As for <see cref="Scan"/>.</param>
    /// <param name="learner">Its probability counts as the rules of check_bayes say; null: none.</param>
    /// <param name="external">As for <see cref="Scan"/>.</param>
    public ScannedMessage ScanWhole(ReadOnlySpan<byte> message, BayesLearner? learner, IReadOnlyDictionary<string, bool>? external = null)
    {
        return ScanOctets(Octets.FromBytes(message), learner, external);
    }

    /// <summary>Scores one message as far as its budget of CPU time goes.</summary>
    /// <param name="message">As for <see cref="Scan"/>.</param>
    /// <param name="learner">Its probability counts as the rules of check_bayes say; null: none.</param>
    /// <param name="budget">Where it is used up, the result has no hits and <see cref="ScanResult.IsUnjudged"/> is true.</param>
    public ScannedMessage ScanWhole(ReadOnlySpan<byte> message, BayesLearner? learner, MessageBudget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        var octets = Octets.FromBytes(message);
        return budget.Run(() => ScanOctets(octets, learner, external: null), Unjudged);
    }

    private ScannedMessage ScanOctets(string octets, BayesLearner? learner, IReadOnlyDictionary<string, bool>? external)
    {
        var scan = Open(octets, external);
        scan.BayesProbability = learner?.Probability(scan);
        var hits = Run(scan);
        return new ScannedMessage(this, scan, hits);
    }

    // Not even its header is read again: it may be what was too expensive.
    private ScannedMessage Unjudged()
    {
        var hits = new HitTable(_compiled.Places);
        return new ScannedMessage(this, Open("\n", external: null), hits, isUnjudged: true);
    }

    private MessageScan Open(string octets, IReadOnlyDictionary<string, bool>? external) =>
        _reader.Open(octets, _time.GetUtcNow(), external);

    internal HitTable Run(MessageScan scan) => new RuleRun(_compiled, scan, _users).Run();
}
