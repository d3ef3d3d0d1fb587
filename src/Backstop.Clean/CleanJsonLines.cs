using System.Text.Json;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Clean;

/// <summary>
/// Writes the NDJSON of <c>clean</c>: campaigns, then messages that are unsure or asked for, then the summary.
/// </summary>
internal static class CleanJsonLines
{
    private const int TopHosts = 10;

    /// <summary>Writes the campaigns, the chosen messages and the summary, one object a line.</summary>
    /// <param name="output">The stream that the lines are written to.</param>
    /// <param name="plan">The campaigns and messages.</param>
    /// <param name="show">The messages to list: ids of campaigns, words of piles, or "all".</param>
    /// <param name="summary">Written last.</param>
    public static void Write(Stream output, CleanPlan plan, IReadOnlyList<string> show, CleanSummary summary)
    {
        foreach (var campaign in plan.Backscatter)
        {
            JsonSerializer.Serialize(output, Of(campaign, Pile.Backscatter), CleanJson.Default.CleanCampaign);
            output.WriteByte((byte)'\n');
        }

        foreach (var campaign in plan.Unsure)
        {
            JsonSerializer.Serialize(output, Of(campaign, Pile.Unsure), CleanJson.Default.CleanCampaign);
            output.WriteByte((byte)'\n');
        }

        foreach (var mail in plan.Messages.Where(m => m.Finding.Pile == Pile.Unsure || plan.IsShown(m, show)))
        {
            JsonSerializer.Serialize(output, Of(plan, mail), CleanJson.Default.CleanMessage);
            output.WriteByte((byte)'\n');
        }

        JsonSerializer.Serialize(output, summary, CleanJson.Default.CleanSummary);
        output.WriteByte((byte)'\n');
    }

    private static CleanCampaign Of(Campaign c, Pile pile) => new(
        "campaign", c.Id, Piles.Word(pile), c.Label, c.Count, c.First, c.Last, c.Kinds, c.Hosts.Count,
        [.. c.Busiest(TopHosts).Select(h => new CleanHost(h.Key, h.Value))], c.Example);

    private static CleanMessage Of(CleanPlan plan, FoundMail mail)
    {
        var f = mail.Finding;
        return new("message", mail.Name, Piles.Word(f.Pile), f.Kind, f.Reason.Word, plan.CampaignOf(mail)?.Id, mail.At, f.Host, f.Address);
    }
}
