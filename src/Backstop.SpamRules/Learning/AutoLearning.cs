using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// Decides whether a message may be learned without being told its kind: only if the score without the learner leaves no doubt, header
/// and body both say spam, and the learner does not say the opposite (Plugin/AutoLearnThreshold.pm).
/// </summary>
internal static class AutoLearning
{
    private const double LeastPointsEach = 3;
    private const double LearnerSaysHam = -1;
    private const double LearnerSaysSpam = 1;

    /// <summary>Returns true to learn the message as spam, false to learn it as ham, null not to learn it.</summary>
    public static bool? Decide(HitTable hits, RuleSet rules, int scoreSet, bool isSpam)
    {
        var points = Points(hits, rules, scoreSet);
        if (points.Total < rules.Settings.AutoLearnHam)
        {
            return points.Learned > LearnerSaysSpam || isSpam ? null : false;
        }

        return points.Total >= rules.Settings.AutoLearnSpam && isSpam && points.Learned >= LearnerSaysHam
            && (points.IsForced || (points.Header >= LeastPointsEach && points.Body >= LeastPointsEach))
            ? true
            : null;
    }

    private static (
        double Total, double Header, double Body, double Learned, bool IsForced) Points(HitTable hits, RuleSet rules, int scoreSet)
    {
        double total = 0, header = 0, body = 0, learned = 0;
        var forced = false;
        foreach (var slot in hits.Hits.Where(s => !s.Flags.Has("noautolearn") && !s.Flags.Has("userconf")))
        {
            if (slot.Flags.IsLearn)
            {
                learned += slot.Score;
                continue;
            }

            forced |= slot.Flags.Has("autolearn_force");
            var score = rules.Scores.TryGetValue(slot.Name, out var scores) ? scores[scoreSet & ~2] : slot.Score;
            var (head, text) = Share(slot.Rule, rules, slot.Flags);
            total += score;
            header += score * head;
            body += score * text;
        }

        return (Math.Round(total, 3), header, body, learned, forced);
    }

    /// <summary>A meta rule counts for header and body as the rules that it is made of do.</summary>
    private static (double Header, double Body) Share(RuleDefinition rule, RuleSet rules, RuleFlags flags)
    {
        if (flags.Has("autolearn_header") || flags.Has("autolearn_body"))
        {
            return flags.Has("autolearn_header") ? (1, 0) : (0, 1);
        }

        if (rule.Kind != RuleKind.Meta)
        {
            return IsHeader(rule) ? (1, 0) : IsBody(rule) ? (0, 1) : (0, 0);
        }

        var parts = Expressions.NamesIn(rule.Text).Select(n => rules.Rules.GetValueOrDefault(n)).OfType<RuleDefinition>().ToList();
        var (heads, bodies) = (parts.Count(IsHeader), parts.Count(IsBody));
        return heads + bodies == 0 ? (0, 0) : (heads / (double)(heads + bodies), bodies / (double)(heads + bodies));
    }

    private static bool IsHeader(RuleDefinition rule) =>
        rule.Kind == RuleKind.Header || (rule.Kind == RuleKind.Eval && rule.Area == EvalArea.Header);

    private static bool IsBody(RuleDefinition rule) =>
        rule.Kind is RuleKind.Body or RuleKind.RawBody or RuleKind.Uri or RuleKind.MimeHeader or RuleKind.UriDetail
        || (rule.Kind == RuleKind.Eval && rule.Area is EvalArea.Body or EvalArea.RawBody);

    private static class Expressions
    {
        public static IEnumerable<string> NamesIn(string text)
        {
            try
            {
                return ExpressionParser.Parse(text).Names();
            }
            catch (FormatException)
            {
                return [];
            }
        }
    }
}
