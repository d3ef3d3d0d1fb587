using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Reports;

/// <summary>Where a report is written, and what was learned from the message.</summary>
/// <param name="Hostname">This host: <c>_HOSTNAME_</c> without a <c>report_hostname</c>, and Received of a wrapped message.</param>
/// <param name="Version">Version of the program that scans: <c>_SUBVERSION_</c>.</param>
/// <param name="Autolearn"><c>_AUTOLEARN_</c>: ham, spam, no, disabled or unavailable.</param>
/// <param name="Now">Time and zone of dates in the report: <c>_DATE_</c>.</param>
public sealed record ReportContext(string Hostname, string Version, string Autolearn, DateTimeOffset Now);

/// <summary>
/// The templates of a rule set filled for one message: <c>_SCORE_</c>, <c>_TESTS(,)_</c>, <c>_SUMMARY_</c> and their like
/// (PerMsgStatus.pm). A tag that is not known stays as it is.
/// </summary>
internal sealed class SpamReport(RuleSet rules, MessageScan scan, HitSummary summary, HitTable hits, ReportContext context)
{
    /// <summary>The version of SpamAssassin whose rules and answers these are.</summary>
    public const string Compatible = "4.0.1";

    private const int PreviewLength = 200;

    /// <summary>
    /// The most octets that all tags of one message are filled with: a template may have _HEADER(Subject)_ ten thousand times.
    /// </summary>
    private const int MaxFilled = 128 << 10;

    private static readonly PerlRegex _tag = new("_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:\\((.*?)\\))?_");
    private static readonly PerlRegex _longLine = new("^(.{200}).+$", RegexOptions.Multiline);
    private static readonly PerlRegex _original = new("-----Original Message-----.*$", RegexOptions.Multiline);
    private static readonly PerlRegex _rule = new("[-_*.]{10,}");
    private static readonly PerlRegex _space = new("\\s+");

    private int _filled;

    public RuleSet Rules => rules;

    public MessageScan Scan => scan;

    public bool IsSpam => summary.IsSpam;

    public ReportContext Context => context;

    /// <summary>The report of the <c>report</c> lines, ending with an empty line. Octets.</summary>
    public string Text()
    {
        var template = rules.Settings.ReportTemplate.Count == 0
            ? "(no report template found)"
            : string.Concat(rules.Settings.ReportTemplate.Select(l => l + "\n"));
        return Fill(template).TrimEnd('\n') + "\n\n";
    }

    public string UnsafeText() => Fill(string.Concat(rules.Settings.UnsafeReportTemplate.Select(l => l + "\n")));

    /// <summary>Fills the tags of a template; those beyond <see cref="MaxFilled"/> stay as they are.</summary>
    public string Fill(string template) => _tag.Replace(template, match =>
    {
        var text = _filled > MaxFilled ? null : Tag(match.Groups[1].Value, match.Groups[2].Success ? match.Groups[2].Value : null);
        _filled += text?.Length ?? 0;
        return text is null || _filled > MaxFilled ? match.Value : text;
    });

    public string Score() => FormatScore(summary.Score, summary.Required, summary.IsSpam);

    public string Required() => summary.Required.ToString("F1", CultureInfo.InvariantCulture);

    /// <summary>One decimal; ham never reads as the score of spam by rounding.</summary>
    public static string FormatScore(double score, double required, bool isSpam)
    {
        var text = score.ToString("F1", CultureInfo.InvariantCulture);
        var rounded = double.Parse(text, CultureInfo.InvariantCulture);
        var shown = double.Parse(required.ToString("F1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return isSpam || rounded < shown ? text : (shown - 0.1).ToString("0.0", CultureInfo.InvariantCulture);
    }

    public string Tests(string separator) => summary.Hits.Count == 0 ? "none" : string.Join(separator, summary.Hits.Select(h => h.Name));

    private string TestsWithScores(string separator) => summary.Hits.Count == 0
        ? "none"
        : string.Join(separator, summary.Hits.Select(h => $"{h.Name}={h.Score.ToString(CultureInfo.InvariantCulture)}"));

    private string? Tag(string name, string? argument) => name switch
    {
        "YESNO" => YesNo(argument),
        "YESNOCAPS" => YesNo(argument).ToUpperInvariant(),
        "SCORE" or "HITS" => Pad(Score(), argument),
        "REQD" => Required(),
        "VERSION" => Compatible,
        "SUBVERSION" => context.Version,
        "RULESVERSION" => "",
        "HOSTNAME" => rules.Settings.ReportHostname.Length > 0 ? rules.Settings.ReportHostname : context.Hostname,
        "CONTACTADDRESS" => rules.Settings.ReportContact,
        "DATE" => Date(context.Now),
        "STARS" => Stars(argument ?? "*"),
        "AUTOLEARN" => context.Autolearn,
        "TESTS" => Tests(argument ?? ","),
        "TESTSSCORES" => TestsWithScores(argument ?? ","),
        "SUBTESTS" => summary.SubRules.Count == 0 ? "none" : string.Join(argument ?? ",", summary.SubRules),
        "PREVIEW" => Preview(),
        "REPORT" => "\n" + HitList("* ", "*      ", padNames: false),
        "SUMMARY" => HitList("", new string(' ', 28), padNames: true),
        "SUBJPREFIX" => SubjectPrefix() ?? "",
        "HEADER" => argument is null ? "" : scan.Headers.One(argument),
        "BAYES" => scan.BayesProbability is { } probability ? probability.ToString("F4", CultureInfo.InvariantCulture) : "0.5",
        "RELAYSTRUSTED" => Relays.RelayTrail.Format(scan.Relays.Trusted),
        "RELAYSUNTRUSTED" => Relays.RelayTrail.Format(scan.Relays.Untrusted),
        "RELAYSINTERNAL" => Relays.RelayTrail.Format(scan.Relays.Internal),
        "RELAYSEXTERNAL" => Relays.RelayTrail.Format(scan.Relays.External),
        "LASTEXTERNALIP" => scan.Relays.External.FirstOrDefault()?.Ip ?? "",
        "LASTEXTERNALRDNS" => scan.Relays.External.FirstOrDefault()?.Rdns ?? "",
        "LASTEXTERNALHELO" => scan.Relays.External.FirstOrDefault()?.Helo ?? "",
        "FIRSTTRUSTEDIP" => scan.Relays.Trusted.LastOrDefault()?.Ip ?? "",
        _ => Evals.PluginTags.Find(scan, name),
    };

    /// <summary>What rules with a subjprefix put in front of the subject; null when none hit.</summary>
    public string? SubjectPrefix()
    {
        var prefixes = hits.Hits.Select(h => rules.Settings.SubjectPrefix.GetValueOrDefault(h.Name)).OfType<string>()
            .Distinct(StringComparer.Ordinal).ToList();
        return prefixes.Count == 0 ? null : string.Join(' ', prefixes);
    }

    private string YesNo(string? argument)
    {
        var comma = argument?.IndexOf(',', StringComparison.Ordinal) ?? -1;
        var (yes, no) = argument is null ? ("Yes", "No") : comma < 0 ? (argument, "No") : (argument[..comma], argument[(comma + 1)..]);
        return summary.IsSpam ? yes : no;
    }

    private static string Pad(string score, string? pad) =>
        string.IsNullOrEmpty(pad) ? score : pad[..Math.Clamp(pad.Length + 3 - score.Length, 0, pad.Length)] + score;

    private string Stars(string star)
    {
        var count = Math.Min((int)summary.Score, 50);
        return count > 0 ? string.Concat(Enumerable.Repeat(star, count)) : "";
    }

    public static string Date(DateTimeOffset time) =>
        time.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture)
            + time.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);

    private string HitList(string bullet, string indent, bool padNames)
    {
        var lines = new System.Text.StringBuilder();
        foreach (var hit in hits.Hits.OrderBy(Turn))
        {
            var score = hit.Score is >= 10 or <= -10
                ? hit.Score.ToString("F0", CultureInfo.InvariantCulture)
                : hit.Score.ToString("F1", CultureInfo.InvariantCulture);
            score = score.PadLeft(4);
            var area = Area(hit);
            var description = rules.Descriptions.GetValueOrDefault(hit.Name, "No description available.");
            var used = (padNames ? 3 : 4) + hit.Name.Length + score.Length + area.Length;
            var wrapped = PerlSpace.TrimStart(PerlWrap.AtSpaces(
                description, indent, new string(' ', used), rules.Settings.ReportWrapWidth));
            lines.Append(bullet).Append(score).Append(' ').Append(padNames ? hit.Name.PadRight(22) : hit.Name).Append(' ')
                .Append(area).Append(wrapped).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>Rules stand in the order in which SpamAssassin runs their kinds (Check.pm, check_main).</summary>
    private static int Turn(RuleSlot slot) => slot.Rule.Kind switch
    {
        RuleKind.Header => 0,
        RuleKind.Body => 2,
        RuleKind.Uri => 3,
        RuleKind.MimeHeader or RuleKind.UriDetail => 4,
        RuleKind.RawBody => 5,
        RuleKind.Full => 7,
        RuleKind.Eval => slot.Rule.Area switch { EvalArea.Body => 4, EvalArea.RawBody => 6, EvalArea.Full => 8, _ => 1 },
        _ => 9,
    };

    private static string Area(RuleSlot slot) => slot.Rule.Kind switch
    {
        RuleKind.Body or RuleKind.MimeHeader or RuleKind.UriDetail => "BODY: ",
        RuleKind.RawBody => "RAW: ",
        RuleKind.Uri => "URI: ",
        RuleKind.Full => "FULL: ",
        RuleKind.Eval =>
            slot.Rule.Area switch
            {
                EvalArea.Body => "BODY: ",
                EvalArea.RawBody => "RAW: ",
                EvalArea.Full => "FULL: ",
                EvalArea.Network => "RBL: ",
                _ => ""
            },
        _ => "",
    };

    private string Preview()
    {
        var text = "";
        foreach (var line in scan.Body.Skip(1).Take(3))
        {
            if (text.Length >= PreviewLength)
            {
                break;
            }

            text += line;
        }

        text = _longLine.Replace(text, "$1 [...]").TrimEnd('\n') + "\n";
        text = _original.Replace(text, "").Replace("This is a multi-part message in MIME format.", "", StringComparison.Ordinal);
        text = _space.Replace(_rule.Replace(text, ""), " ");
        var wrapped = PerlWrap.AtSpaces(text, "  ", "Content preview:  ", 75, overflow: true);
        return PerlSpace.TrimStart(wrapped["Content preview:".Length..]);
    }
}
