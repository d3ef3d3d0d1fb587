using System.Text.Json;
using Backstop.Backscatter.Campaigns;
using Backstop.Commands;

namespace Backstop.Clean;

/// <summary>The NDJSON of <c>clean</c>: campaigns, then messages that are unsure or asked for, then the summary.</summary>
internal static class CleanJsonLines
{
    private const int TopHosts = 10;

    public static void Write(CleanPlan plan, IReadOnlyList<string> show, CleanSummary summary)
    {
        using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 16);
        foreach (var campaign in plan.Backscatter)
        {
            JsonSerializer.Serialize(output, Of(campaign, Pile.Backscatter), CliJson.Default.CleanCampaign);
            output.WriteByte((byte)'\n');
        }

        foreach (var campaign in plan.Unsure)
        {
            JsonSerializer.Serialize(output, Of(campaign, Pile.Unsure), CliJson.Default.CleanCampaign);
            output.WriteByte((byte)'\n');
        }

        foreach (var mail in plan.Messages.Where(m => m.Judgement.Pile == Pile.Unsure || CleanTable.IsShown(plan, m, show)))
        {
            JsonSerializer.Serialize(output, Of(plan, mail), CliJson.Default.CleanMessage);
            output.WriteByte((byte)'\n');
        }

        JsonSerializer.Serialize(output, summary, CliJson.Default.CleanSummary);
        output.WriteByte((byte)'\n');
    }

    private static CleanCampaign Of(Campaign c, Pile pile) => new(
        "campaign", c.Id, CleanTable.Word(pile), c.Label, c.Count, c.First, c.Last, c.Kinds, c.Hosts.Count,
        [.. c.Busiest(TopHosts).Select(h => new CleanHost(h.Key, h.Value))], c.Example);

    private static CleanMessage Of(CleanPlan plan, FoundMail mail)
    {
        var j = mail.Judgement;
        return new("message", mail.Name, CleanTable.Word(j.Pile), j.Kind, j.Reason.Word, plan.CampaignOf(mail)?.Id, mail.At, j.Host, j.Address);
    }
}
