using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Backscatter;
using Backstop.Clean;
using Backstop.Configuration;
using Backstop.Judging;

namespace Backstop.Tests.Server;

/// <summary>docs/reasons.md is made from the tables of reasons. UPDATE_GOLDEN=1 rewrites it; read the diff.</summary>
public sealed class ReasonPageTests
{
    [Fact]
    public void The_page_lists_the_reasons_of_the_tables()
    {
        var path = Path.Combine(HouseRulesTests.Root(), "docs", "reasons.md");
        var page = Page();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.Equal(File.ReadAllText(path), page);
    }

    [Fact]
    public void No_word_has_two_meanings()
    {
        var all = All().ToList();
        Assert.All(all.GroupBy(r => r.Word, StringComparer.Ordinal), g => Assert.Single(g.Distinct()));
        Assert.All(all, r => Assert.Matches("^[a-z]+(-[a-z]+)*(:[a-zA-Z0-9]+(-[a-z]+)*)?$", r.Word));
        Assert.All(all, r => Assert.True(r.Meaning.Length > 10 && (r.Advice.Length == 0 || r.Advice.EndsWith('.')), r.Word));
    }

    /// <summary>Whoever adds a reason adds it to its list, so that people find it on the page.</summary>
    [Theory]
    [InlineData(typeof(Reasons))]
    [InlineData(typeof(ServerReasons))]
    [InlineData(typeof(Doubts))]
    public void Every_reason_is_listed(Type table)
    {
        var listed = All().ToHashSet();
        var declared = table.GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.GetValue(null))
            .Concat(table.GetProperties(BindingFlags.Static | BindingFlags.Public).Select(p => p.GetValue(null))).OfType<Reason>().ToList();
        Assert.NotEmpty(declared);
        Assert.All(declared, r => Assert.Contains(r, listed));
    }

    /// <summary>Advice names keys of the configuration: they exist.</summary>
    [Fact]
    public void Every_key_that_is_named_exists()
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var section = "";
        foreach (var line in ConfigManual.Lines().Where(l => !l.StartsWith('#')))
        {
            section = line.StartsWith('[') ? line.Trim('[', ']') + "." : section;
            keys.Add(section + line.Split(' ')[0]);
        }

        var named = All()
            .SelectMany(r => Regex.Matches(
                $"{r.Meaning} {r.Advice}", @"\b[a-z]+\.[a-z_]+\b", RegexOptions.None, TimeSpan.FromSeconds(5)))
            .Select(m => m.Value).ToList();
        Assert.InRange(named.Count, 10, 100);
        Assert.All(named, k => Assert.Contains(k, keys));
    }

    [Theory]
    [InlineData("bounce:unproved")]
    [InlineData("dnsbl:ips.backscatterer.org")]
    [InlineData("content:554")]
    [InlineData("recipient:unknown")]
    public void Word_that_was_written_down_is_known_again(string word) => Assert.NotNull(ServerReasons.Find(word));

    private static IEnumerable<Reason> All() => Reasons.All.Concat(ServerReasons.ByStage.SelectMany(s => s.Reasons)).Concat(Doubts.All);

    private static string Page()
    {
        var page = new StringBuilder(
            "# Reasons\nEvery decision has one word, the same in the SMTP reply, the log, the metrics, the `X-Backstop` field, the "
                + "dashboard and `explain`. Made from the tables by `ReasonPageTests`.\n");
        Append(page, "What a message is and proves", Reasons.All);
        foreach (var (stage, reasons) in ServerReasons.ByStage)
        {
            Append(page, $"In the session: {stage}", reasons);
        }

        Append(page, "Why `clean` leaves a message alone", Doubts.All);
        return page.ToString();
    }

    private static void Append(StringBuilder page, string title, IEnumerable<Reason> reasons)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## {title}\n| word | what it means | what you can do |\n| --- | --- | --- |\n");
        foreach (var reason in reasons)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{reason.Word}` | {reason.Meaning} | {reason.Advice} |\n");
        }
    }
}
