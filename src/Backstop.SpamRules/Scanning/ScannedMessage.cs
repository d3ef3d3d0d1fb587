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
            TimedOut = [.. hits.TimedOut.Select(s => s.Name).Order(StringComparer.Ordinal)],
            IsUnjudged = isUnjudged,
        };
    }

    /// <summary>Score and hits.</summary>
    public ScanResult Result { get; }

    /// <summary>The score as SpamAssassin prints it: one decimal.</summary>
    public string ScoreText => SpamReport.FormatScore(Result.Score, Result.Required, Result.IsSpam);

    /// <summary>The report of the rule set's <c>report</c> lines.</summary>
    public byte[] Report(ReportContext context) => Octets.ToBytes(Of(context).Text());

    /// <summary>The message as it is handed on: marked, or wrapped in a report when it is spam and report_safe says so.</summary>
    public byte[] Rewrite(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).Rewrite());

    /// <summary>As <see cref="Rewrite"/>, the header block alone.</summary>
    public byte[] RewriteHeader(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).RewriteHeader());

    /// <summary>The X-Spam-* fields alone, for a server that puts them in front. Lines end in LF.</summary>
    public byte[] HeaderFields(ReportContext context) => Octets.ToBytes(new MessageRewriter(Of(context)).AddedFields());

    /// <summary>Lets the learner learn this message, if its score leaves no doubt; says what was learned: <c>spam</c>, <c>ham</c> or <c>no</c>.</summary>
    /// <param name="learner">Who learns.</param>
    public string AutoLearn(BayesLearner learner)
    {
        ArgumentNullException.ThrowIfNull(learner);
        return Result.TimedOut.Count == 0 && AutoLearning.Decide(_hits, _scanner.Rules, _scanner.ScoreSet, Result.IsSpam) is { } isSpam && learner.Learn(_scan, isSpam)
            ? isSpam ? "spam" : "ham"
            : "no";
    }

    private RuleHit Shown(RuleSlot hit) => new(hit.Name, hit.Score, Octets.ToUnicode(_scanner.Rules.Descriptions.GetValueOrDefault(hit.Name, "")));

    private SpamReport Of(ReportContext context) => new(_scanner.Rules, _scan, _summary, _hits, context);
}
