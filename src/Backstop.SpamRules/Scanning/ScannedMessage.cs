using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Reports;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Scanning;

/// <summary>A message and what the rules say of it, for those who hand it on or explain it.</summary>
public sealed class ScannedMessage
{
    private readonly MessageScan _scan;
    private readonly HitTable _hits;
    private readonly SpamScanner _scanner;
    private readonly HitSummary _summary;

    internal ScannedMessage(SpamScanner scanner, MessageScan scan, HitTable hits, bool isUnjudged = false)
    {
        (_scanner, _scan, _hits) = (scanner, scan, hits);
        _summary = HitSummary.Of(hits, scanner.Rules.RequiredScore);
        Result = new ScanResult
        {
            Score = _summary.Score,
            Required = _summary.Required,
            Hits = [.. _summary.Hits.Select(Shown)],
            SubRules = _summary.SubRules,
            OutOfSteps = [.. hits.OutOfSteps.Select(s => s.Name).Order(StringComparer.Ordinal)],
            Steps = scan.Steps.Used,
            IsUnjudged = isUnjudged,
        };
    }

    /// <summary>The score, and the rules that hit.</summary>
    public ScanResult Result { get; }

    /// <summary>The score as SpamAssassin prints it: one decimal, and for ham always less than what is required.</summary>
    public string ScoreText => SpamReport.FormatScore(Result.Score, Result.Required, Result.IsSpam);

    /// <summary>The rule set's <c>report</c> lines with their tags filled, in octets, lines ended by LF, an empty line last.</summary>
    /// <param name="context">What the tags need beside the message.</param>
    public byte[] Report(ReportContext context) => Octets.ToBytes(Of(context).Text());

    /// <summary>
    /// The message as it is handed on: marked with X-Spam-* fields, or wrapped in a report when it is spam and <c>report_safe</c> is not 0.
    /// Line ends are those of the message.
    /// </summary>
    /// <param name="context">As for <see cref="Report"/>.</param>
    public byte[] Rewrite(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).Rewrite());

    /// <summary>As <see cref="Rewrite"/>, the header block alone, with the empty line that ends it.</summary>
    /// <param name="context">As for <see cref="Report"/>.</param>
    public byte[] RewriteHeader(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).RewriteHeader());

    /// <summary>The X-Spam-* fields alone, for a server that puts them in front. Lines end in LF.</summary>
    /// <param name="context">As for <see cref="Report"/>.</param>
    public byte[] HeaderFields(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).AddedFields());

    /// <summary>
    /// Lets the learner learn this message if its score leaves no doubt (<c>bayes_auto_learn_threshold_spam</c> and <c>_nonspam</c>).
    /// </summary>
    /// <param name="learner">Learns the message.</param>
    /// <returns><c>spam</c>, <c>ham</c>, or <c>no</c> where nothing was learned or a rule ran out of steps.</returns>
    public string AutoLearn(BayesLearner learner)
    {
        ArgumentNullException.ThrowIfNull(learner);
        return Result.OutOfSteps.Count == 0
            && AutoLearning.Decide(_hits, _scanner.Rules, _scanner.ScoreSet, Result.IsSpam) is { } isSpam
            && learner.Learn(_scan, isSpam)
            ? isSpam ? "spam" : "ham"
            : "no";
    }

    private RuleHit Shown(RuleSlot hit) =>
        new(hit.Name, hit.Score, Octets.ToUnicode(_scanner.Rules.Descriptions.GetValueOrDefault(hit.Name, "")));

    private SpamReport Of(ReportContext context) => new(_scanner.Rules, _scan, _summary, _hits, context);
}
