using System.Globalization;
using Backstop.Backscatter.Campaigns;
using Backstop.Clean;
using Backstop.Mail;

namespace Backstop.Terminal;

/// <summary>Shows the campaigns of a mailbox, for a terminal of 80 columns or more.</summary>
/// <param name="output">Receives the lines.</param>
/// <param name="columns">The width of the terminal.</param>
/// <param name="rows">How many campaigns to show.</param>
internal sealed class CleanTable(TextWriter output, int columns, int rows)
{
    private const int Fixed = 54;
    private const int MinText = 20;

    private readonly int _text = Math.Max(MinText, columns - Fixed);

    /// <summary>Prints the campaigns; nothing where there are none.</summary>
    public void WriteCampaigns(CleanPlan plan)
    {
        Write("backscatter", plan.Backscatter, plan.Count(Pile.Backscatter), c => Sources(c));
        Write("unsure, left alone", plan.Unsure, plan.Count(Pile.Unsure), c => WhyUnsure(plan, c));
    }

    /// <summary>Prints one line for each message.</summary>
    public void WriteMessages(CleanPlan plan, IReadOnlyList<string> show)
    {
        foreach (var mail in plan.Messages.Where(m => plan.IsShown(m, show)))
        {
            var f = mail.Finding;
            output.WriteLine($"{Piles.Word(f.Pile),-11} {f.Kind,-14} {f.Reason.Word,-22} {ShownText.Of(mail.Name, 400)}");
        }
    }

    private void Write(string title, IReadOnlyList<Campaign> campaigns, int messages, Func<Campaign, string> second)
    {
        if (campaigns.Count == 0)
        {
            return;
        }

        var word = campaigns.Count == 1 ? "campaign" : "campaigns";
        output.WriteLine(Text($"{title}: {messages:N0} messages in {campaigns.Count:N0} {word}"));
        output.WriteLine($"  {"id",-8} {"count",7}  {"first",-11}  {"last",-11} {"hosts",7}  what came back");
        var isLong = campaigns.Max(c => c.Last) - campaigns.Min(c => c.First) > TimeSpan.FromDays(100);
        foreach (var c in campaigns.Take(rows))
        {
            var (first, last) = (Date(c.First, isLong), Date(c.Last, isLong));
            output.WriteLine(Text(
                $"  {c.Id,-8} {c.Count,7:N0}  {first,-11}  {last,-11} {c.Hosts.Count,7:N0}  {ShownText.Of(c.Label, _text)}"));
            output.WriteLine($"           {ShownText.Of(second(c), columns - 12)}");
        }

        if (campaigns.Count > rows)
        {
            var rest = campaigns.Skip(rows).Sum(c => c.Count);
            output.WriteLine(Text($"  and {campaigns.Count - rows:N0} more campaigns, {rest:N0} messages: --json lists them all"));
        }

        output.WriteLine();
    }

    private static string Sources(Campaign c)
    {
        var hosts = c.Busiest(1).Select(h => Text($"most from {h.Key} ({h.Value}); "));
        return $"{string.Concat(hosts)}e.g. {Tail(c.Example)}";
    }

    private static string WhyUnsure(CleanPlan plan, Campaign c) =>
        plan.Messages.First(m => m.Finding.Pile == Pile.Unsure && plan.CampaignOf(m) == c).Finding.Reason.Meaning
        + "; e.g. " + Tail(c.Example);

    // The distinguishing part of a name. In a Maildir, the host, sizes and flags follow it.
    private static string Tail(string name)
    {
        var tail = name[(name.LastIndexOf('/') + 1)..];
        var second = tail.IndexOf('.', tail.IndexOf('.', StringComparison.Ordinal) + 1);
        return second > 0 && char.IsAsciiDigit(tail[0]) ? tail[..second] : tail;
    }

    private static string Date(DateTimeOffset at, bool isLong) =>
        at.ToString(isLong ? "yyyy-MM-dd" : "MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
