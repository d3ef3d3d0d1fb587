using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests.Backscatter;

/// <summary>
/// The table of docs/api/bounce-class.md is made from reasons.tsv and the documentation of the reasons. UPDATE_GOLDEN=1 rewrites
/// it; read the diff.
/// </summary>
public sealed class BounceClassPageTests
{
    private const string Head = "| reason | class | what happened | status | words, for instance |\n| --- | --- | --- | --- | --- |\n";

    [Fact]
    public void Page_has_the_table_of_the_code()
    {
        var path = Path.Combine(HouseRulesTests.Root(), "docs", "api", "bounce-class.md");
        var page = File.ReadAllText(path);
        var start = page.IndexOf(Head, StringComparison.Ordinal) + Head.Length;
        var end = page.IndexOf("\nx is any class", StringComparison.Ordinal);
        Assert.InRange(start, Head.Length, end);
        var table = Table();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            page = page[..start] + table + page[end..];
            end = start + table.Length;
            File.WriteAllText(path, page);
        }

        Assert.Equal(table, page[start..end]);
    }

    private static string Table()
    {
        var assembly = typeof(BounceReason).Assembly;
        var meanings = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(
            m => m.Attribute("name")!.Value,
            m => string.Join(' ', (m.Element("summary")?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        var table = new StringBuilder();
        foreach (var reason in Enum.GetValues<BounceReason>().Skip(1).Append(BounceReason.Unknown))
        {
            var kind = ReasonTable.IsAlwaysSoft(reason) ? "soft"
                : reason == BounceReason.Unknown ? "hard for 5.x.x, else soft"
                : "hard, but soft for 4.x.x";
            var words = string.Join(
                ", ",
                ReasonTable.Phrases.Where(p => p.Reason == reason).OrderByDescending(p =>
                    p.Words.Contains(' ', StringComparison.Ordinal)).Take(4).Select(p => $"\"{p.Words}\""));
            table.Append(
                CultureInfo.InvariantCulture,
                $"| `{reason.Word()}` | {kind} | {meanings[$"F:{typeof(BounceReason).FullName}.{reason}"]} | {Codes(reason)} | {words} "
                    + $"|\n");
        }

        return table.ToString();
    }

    private static string Codes(BounceReason reason)
    {
        var codes = ReasonTable.Codes.Where(c => c.Value.Reason == reason).ToList();
        var firm = string.Join(", ", codes.Where(c => c.Value.IsFirm).Select(c => c.Key));
        var vague = string.Join(", ", codes.Where(c => !c.Value.IsFirm).Select(c => c.Key));
        return vague.Length > 0 ? $"{firm} ({vague})".Trim() : firm;
    }
}
