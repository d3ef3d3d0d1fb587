using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Scanning;

namespace Backstop.Tests.SpamRules;

/// <summary>Whatever stands in a user's file, it is read, and his mail is scored: the file is his, the server is everybody's.</summary>
public sealed partial class HostilePreferencesTests
{
    private static readonly string[] _values =
    [
        "", " ", "0", "-1", "1e999", "99999999999999999999", "nan", "x", "A", "A 1", "A (1)", "A 1 2 3 4", "()", "(A) b", "(A)", "*", "?",
        "a@b *.c", "all X y", "spam X-Y _STARS(x)_", "Subject _HEADER(Subject)_", "/", "/x/", "/(/", "m{x", "\u00ff\u00fe", "%", "%{A}",
        "A eval:x()", "A eval:check_bayes('", "!", "! !", "::1/129", "255.255.255.255.255", "1.2.3.4/33", "\\", "\"", "A exists:", "A <B>",
        "A /<B>/ [if-unset: ]", "A rules_matching(", "A ((((", "A A", "[]", "!!!",
    ];

    private static readonly byte[] _mail = Encoding.Latin1.GetBytes(
        "Received: from a.test (a.test [192.0.2.1]) by b.test (Postfix) with ESMTP id 1; Mon, 2 Nov 2026 10:00:00 +0000\n"
            + "From: Ann <ann@a.test>\nTo: me@b.test\nSubject: x\n\nA text, see http://www.a.test/ or write to eve@free.test\n");

    /// <summary>Every setting that the sources name, with every odd value; where users may write rules, too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_line_breaks_the_reading_or_a_scan(bool allowsRules)
    {
        var plugins = string.Concat(
            new[] { "FromNameSpoof", "TextCat", "OLEVBMacro", "DecodeShortURLs", "URILocalBL", "Phishing", "PDFInfo", "Check", "FreeMail" }
                .Select(p => $"loadplugin Mail::SpamAssassin::Plugin::{p}\n"));
        var site = RuleSet.Parse(
            $"{plugins}util_rb_tld test\nallow_user_rules {(allowsRules ? 1 : 0)}\nbody A /text/\nscore A 1\nadd_header all A _TESTS_\n");
        var scanner = new SpamScanner(site);
        var keys = Keys();
        Assert.True(keys.Count > 150, $"{keys.Count} settings");
        foreach (var key in keys)
        {
            try
            {
                var all = site.WithPreferences(Encoding.Latin1.GetBytes(string.Concat(_values.Select(v => $"{key} {v}\n"))));
                var scanned = scanner.For(all).ScanWhole(_mail);
                scanned.Rewrite(new("h", "v", "no", default));
                scanned.Report(new("h", "v", "no", default));
            }
            catch (Exception error)
            {
                Assert.Fail($"{key}: {error}");
            }
        }
    }

    /// <summary>
    /// Where an expression takes a piece of the stack for each operator, a line of 256 KiB ends the process: no handler can catch that.
    /// </summary>
    [Theory]
    [InlineData("1 + ", "1")]
    [InlineData("1 || ", "1")]
    [InlineData("1 ? 1 : ", "1")]
    [InlineData("0 ? ", "1")]
    [InlineData("! ", "1")]
    [InlineData("- ", "1")]
    [InlineData("(", "1")]
    [InlineData("1 * (1 + ", "1")]
    [InlineData("X && !", "1")]
    public void A_long_expression_takes_no_more_stack_than_a_short_one(string part, string end)
    {
        var expression = string.Concat(Enumerable.Repeat(part, (256 << 10) / part.Length)) + end;
        var lines = $"body X /text/\nmeta M {expression}\nscore M 1\nif {expression}\nendif\n";
        new SpamScanner(RuleSet.Parse(lines)).Scan(_mail);

        var site = RuleSet.Parse("allow_user_rules 1\nbody A /text/\n");
        var user = site.WithPreferences(Encoding.Latin1.GetBytes(lines + "required_score 7\n"));
        Assert.Equal(2, user.Diagnostics.Count(d => d.ToString().Contains("longer than 8 KiB", StringComparison.Ordinal)));
        Assert.Equal(7, new SpamScanner(site).For(user).Scan(_mail).Required);
        Assert.All(user.Diagnostics, d => Assert.InRange(d.ToString().Length, 1, 500));
    }

    /// <summary>What a user may write within a line is read and worked out, or refused with its place.</summary>
    [Theory]
    [InlineData("1 + ", "1", 0)]
    [InlineData("1 ? 1 : ", "1", 2)]
    [InlineData("! ", "1", 2)]
    public void A_line_of_8_KiB_is_worked_out_or_named(string part, string end, int faults)
    {
        var expression = string.Concat(Enumerable.Repeat(part, 8000 / part.Length)) + end;
        var site = RuleSet.Parse("allow_user_rules 1\nbody A /text/\n");
        var lines = $"meta M {expression}\nscore M 3\nif {expression}\nrequired_score 7\nendif\n";
        var user = site.WithPreferences(Encoding.Latin1.GetBytes(lines));
        var scanner = new SpamScanner(site).For(user);
        Assert.Equal(faults, scanner.Diagnostics.Count(d => d.IsError));
        Assert.Equal(faults == 0 ? 7 : 5, scanner.Scan(_mail).Required);
        Assert.Equal(faults == 0, scanner.Scan(_mail).Hits.Any(h => h.Rule == "M"));
    }

    /// <summary>Seventeen characters stand for all names of the site's rules: 256 KiB of them were hundreds of megabytes.</summary>
    [Theory]
    [InlineData("rules_matching(*)", "256 KiB of names")]
    [InlineData("rules_matching(*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*B{0})", "50 different patterns")]
    [InlineData("rules_matching(*AAAAAAAAAAAAAAA*A*A*A*A*A*A*A*A*A*A*A*)", "256 KiB of names")]
    public void Globs_of_rules_do_not_multiply_the_file(string glob, string fault)
    {
        var rules = string.Concat(Enumerable.Range(0, 3000).Select(i => $"body A{new string('A', 50)}{i} /text/\n"));
        var site = RuleSet.Parse("allow_user_rules 1\n" + rules);
        var (scanner, lines) = (new SpamScanner(site), new StringBuilder());
        for (var i = 0; lines.Length < 250_000; i++)
        {
            var term = string.Format(CultureInfo.InvariantCulture, glob, i) + " + ";
            lines.Append(CultureInfo.InvariantCulture, $"meta M{i} ").Insert(lines.Length, term, 1200 / term.Length).Append("0\n");
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var user = scanner.For(site.WithPreferences(Encoding.Latin1.GetBytes(lines.ToString())));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
        Assert.Contains(user.Diagnostics, d => d.ToString().Contains(fault, StringComparison.Ordinal));
        user.Scan(_mail);
    }

    [Theory]
    [InlineData("if can(")]
    [InlineData("if plugin")]
    [InlineData("if has()")]
    [InlineData("ifplugin")]
    [InlineData("if version >= 3 && can(")]
    public void A_call_that_ends_early_is_named(string line)
    {
        var set = RuleSet.Parse("required_score 4\n").WithPreferences(Encoding.Latin1.GetBytes($"{line}\nrequired_score 7\nendif\n"));
        Assert.Equal(4, set.RequiredScore);
    }

    /// <summary>A template is filled within bounds: 15,000 tags that each become a header of 16 KiB would be 240 MB.</summary>
    [Fact]
    public void Templates_do_not_multiply_the_message()
    {
        var mail = Encoding.Latin1.GetBytes($"From: a@b.test\nSubject: {new string('s', 16_000)}\n\nx\n");
        var set = RuleSet.Parse("required_score -1\n").WithPreferences(
            Encoding.Latin1.GetBytes("report_safe 0\n" + string.Concat(Enumerable.Range(0, 31).Select(
                i => $"add_header all A{i} {string.Concat(Enumerable.Repeat("_HEADER(Subject)_", 480))}\n"))));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var marked = new SpamScanner(set.Site!).For(set).ScanWhole(mail).Rewrite(new("h", "v", "no", default));
        Assert.InRange(marked.Length, 128 << 10, 1 << 20);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    /// <summary>A file of the largest size costs a scan little: an entry is no expression.</summary>
    [Fact]
    public void Ten_thousand_entries_are_matched_in_milliseconds()
    {
        var site = RuleSet.Parse("header B eval:check_from_in_blocklist()\nheader W eval:check_from_in_welcomelist()\n");
        var text = new StringBuilder();
        for (var i = 0; text.Length < 250_000; i++)
        {
            text.Append("welcomelist_from_rcvd *a*a*a*").Append(i).Append(" a.test\n");
        }

        var set = site.WithPreferences(Encoding.Latin1.GetBytes(text.ToString()));
        var scanner = new SpamScanner(site).For(set);
        var longName = new string('a', 200) + "@";
        var mail = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(_mail).Replace("ann@", longName, StringComparison.Ordinal));
        scanner.Scan(mail);
        var started = Process.GetCurrentProcess().TotalProcessorTime;
        var before = GC.GetAllocatedBytesForCurrentThread();
        scanner.Scan(mail);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        TestContext.Current.SendDiagnosticMessage($"{Process.GetCurrentProcess().TotalProcessorTime - started}");
    }

    /// <summary>A tag of a user's file multiplied its patterns: 200 rules of a kibibyte took minutes and gibibytes to compile.</summary>
    [Theory]
    [InlineData("<A>", "stand for more than 65536")]
    [InlineData("<B>", "stand for more than 65536")]
    [InlineData("<C>", "64 KiB together")]
    public void Tags_do_not_multiply_patterns(string tag, string fault)
    {
        var lines = new StringBuilder("replace_tag B <A><A><A><A><A><A><A><A><A><A>\nreplace_tag C c{1,2}\nreplace_tag A ")
            .AppendJoin('|', Enumerable.Range(0, 1000).Select(i => $"w{i}")).Append('\n');
        for (var i = 0; i < 200; i++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"body U{i} /(?:")
                .Insert(lines.Length, tag, 300).Append(CultureInfo.InvariantCulture, $"){i}/\nreplace_rules U{i}\n");
        }

        var site = RuleSet.Parse("allow_user_rules 1\nbody A /text/\n");
        var scanner = new SpamScanner(site);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var user = scanner.For(site.WithPreferences(Encoding.Latin1.GetBytes(lines.ToString())));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 << 20);
        Assert.Contains(user.Diagnostics, d => d.ToString().Contains(fault, StringComparison.Ordinal));
        Assert.Contains(user.Scan(_mail).Hits, h => h.Rule == "A");
    }

    private static List<string> Keys()
    {
        var folder = Path.Combine(HouseRulesTests.Root(), "src", "Backstop.SpamRules", "Rules");
        return [.. Directory.GetFiles(folder, "*.cs").SelectMany(f => Setting().Matches(File.ReadAllText(f)))
            .Select(m => m.Groups["key"].Value).Append("if").Append("else").Append("endif").Append("lang").Append("require_version")
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("\"(?<key>[a-z][a-z0-9_]{3,40})\"", RegexOptions.None, 5000)]
    private static partial Regex Setting();
}
