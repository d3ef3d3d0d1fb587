using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Hits;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Reports;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;
using Backstop.SpamRules.Text;

namespace Backstop.Tests.SpamRules;

/// <summary>
/// A mail and what rules see of it, from a file of <c>tests/spam-cases</c>. A case begins with <c>== title</c>; then stands the mail, where
/// <c>\xHH</c> is an octet, then <c>----</c>, then what is asked and what SpamAssassin 4.0.1 answers:
/// <c>! line</c> is a setting (<c>{folder}</c> is that of the cases), <c>+ rule</c> hits and <c>- rule</c> does not (rules are named
/// R1, R2, ...), <c>conf+ line</c> is read and
/// <c>conf- line</c> is not, <c>body&gt;</c>, <c>raw&gt;</c> and <c>uri&gt;</c> are all texts that such rules are matched
/// against, one a line,
/// <c>get HEADER&gt;</c> is the value of a header and <c>all HEADER&gt;</c> all of them, <c>tag _TAG_&gt;</c> is a template filled,
/// <c>mail&gt;</c> the mail as it is handed on.
/// </summary>
internal sealed partial record SpamCase(string Name, string Mail, IReadOnlyList<string> Lines)
{
    /// <summary>What every case knows of top-level domains.</summary>
    private const string Settings = "util_rb_tld com org net test info uk de\nutil_rb_2tld co.uk\nuse_bayes 0\n";

    private static readonly DateTimeOffset _now = new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero);

    public static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "spam-cases");

    public static IReadOnlyList<SpamCase> All { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.txt").Order(StringComparer.Ordinal).SelectMany(Read)];

    /// <summary>The rules of the case, with whether they must hit.</summary>
    public IEnumerable<(bool Hits, string Rule)> Rules =>
        Lines.Where(l => l[0] is '+' or '-' && l[1] == ' ').Select(l => (l[0] == '+', l[2..]));

    /// <summary>The lines of the case as they would stand if what is answered here were right.</summary>
    public IReadOnlyList<string> Answered()
    {
        var names = Rules.Select((r, i) => NamedRule().Replace(r.Rule, $"${{kind}} R{i + 1} ", 1));
        var settings = Lines.Where(l => l.StartsWith("! ", StringComparison.Ordinal)).Select(l => Placed(l[2..])).ToList();
        var plugins = settings.Where(IsPlugin);
        var lines = plugins.Append(Settings).Concat(names).Concat(settings.Where(s => !IsPlugin(s)));
        var rules = RuleSet.Parse(string.Join('\n', lines), Path.Combine(Folder, "data", "rules"));
        var octets = Octet().Replace(Mail, m => ((char)Convert.FromHexString(m.Groups["hex"].ValueSpan)[0]).ToString());
        var bytes = octets.SelectMany(c => c > '\xff' ? Encoding.UTF8.GetBytes([c]) : [(byte)c]).ToArray();
        var scan = new MessageReader(rules.Settings).Open(Octets.FromBytes(bytes), _now);
        var hits = new SpamScanner(rules).Run(scan);
        var context = new ReportContext("mx.example.org", "2024-03-25", "disabled", _now);
        var report = new SpamReport(rules, scan, HitSummary.Of(hits, rules.RequiredScore), hits, context);
        return [.. new Answers(report, scan, [.. hits.Hits.Select(h => h.Name)]).To(Lines)];
    }

    private static bool IsPlugin(string setting) => setting.StartsWith("loadplugin ", StringComparison.Ordinal);

    private static string Placed(string setting) => setting.Replace("{folder}", Folder, StringComparison.Ordinal);

    private static IEnumerable<SpamCase> Read(string path)
    {
        var file = Path.GetFileNameWithoutExtension(path);
        foreach (var text in Separator().Split(File.ReadAllText(path)).Skip(1))
        {
            var lines = text.TrimEnd().Split('\n');
            var end = Array.IndexOf(lines, "----");
            var mail = string.Concat(lines[1..end].Select(l => l + "\n"));
            yield return new($"{file}: {lines[0]}", mail, [.. lines[(end + 1)..].Where(l => l.Length > 0)]);
        }
    }

    [GeneratedRegex("^== ", RegexOptions.Multiline, 5000)]
    private static partial Regex Separator();

    [GeneratedRegex(@"\\x(?<hex>[0-9A-F]{2})", RegexOptions.None, 5000)]
    private static partial Regex Octet();

    [GeneratedRegex(@"^(?<kind>\w+)\s+", RegexOptions.None, 5000)]
    private static partial Regex NamedRule();

    /// <summary>Fills in the lines of a case.</summary>
    private sealed class Answers(SpamReport report, MessageScan scan, HashSet<string> hits)
    {
        public IEnumerable<string> To(IReadOnlyList<string> lines)
        {
            var (rule, done) = (0, new HashSet<string>(StringComparer.Ordinal));
            foreach (var line in lines)
            {
                var arrow = line.IndexOf("> ", StringComparison.Ordinal);
                if (line[0] is '+' or '-' && line[1] == ' ')
                {
                    yield return (hits.Contains($"R{++rule}") ? "+ " : "- ") + line[2..];
                }
                else if (line.StartsWith("conf", StringComparison.Ordinal))
                {
                    yield return $"conf{(IsRead(line[6..]) ? '+' : '-')} {line[6..]}";
                }
                else if (line[0] == '!' || arrow < 0)
                {
                    yield return line;
                }
                else if (done.Add(line[..arrow]))
                {
                    foreach (var value in Values(line[..arrow]).DefaultIfEmpty("none"))
                    {
                        yield return $"{line[..arrow]}> {value}";
                    }
                }
            }
        }

        private IEnumerable<string> Values(string what) => what.Split(' ', 2) switch
        {
            ["body"] => scan.Body.Select(Shown),
            ["raw"] => scan.RawBody.Select(Shown),
            ["uri"] => scan.Uris.Cleaned().Order(StringComparer.Ordinal).Select(Shown),
            ["mail"] => MessageParser.SplitLines(new MessageRewriter(report).Rewrite()).Select(Shown),
            ["get", var header] => [scan.Headers.Has(header) ? Shown(scan.Headers.One(header)) : "absent"],
            ["all", var header] => scan.Headers.All(header).Select(Shown),
            ["tag", var template] => [Shown(report.Fill(template))],
            _ => throw new InvalidDataException($"no such question: {what}"),
        };

        private static bool IsRead(string line)
        {
            var rules = RuleSet.Parse($"{Settings}body R1 /x/\nscore R1 1\n{line.Replace("\\n", "\n", StringComparison.Ordinal)}\n");
            return !new SpamScanner(rules).Diagnostics.Any(d => d.IsError);
        }

        /// <summary>One line of printable ASCII.</summary>
        private static string Shown(string octets)
        {
            var text = new StringBuilder();
            for (var i = 0; i < octets.Length; i++)
            {
                _ = octets[i] switch
                {
                    '\\' => text.Append(@"\\"),
                    '\n' => text.Append(@"\n"),
                    '\t' => text.Append(@"\t"),
                    ' ' when i == 0 || i == octets.Length - 1 => text.Append(@"\x20"),
                    var c when c is < ' ' or > '~' => text.Append(CultureInfo.InvariantCulture, $@"\x{(byte)c:X2}"),
                    var c => text.Append(c),
                };
            }

            return text.ToString();
        }
    }
}
