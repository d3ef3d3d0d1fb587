namespace Backstop.Backscatter.Campaigns;

/// <summary>Groups reports by campaign.</summary>
public sealed class CampaignTable
{
    private const int LongId = 8;

    private readonly Dictionary<string, Campaign> _byShape = new(StringComparer.Ordinal);

    /// <summary>The campaigns, the largest first.</summary>
    public IReadOnlyList<Campaign> All => [.. _byShape.Values.OrderByDescending(c => c.Count).ThenBy(c => c.Shape, StringComparer.Ordinal)];

    /// <summary>Counts a report in its campaign, and creates the campaign if it is the first.</summary>
    /// <param name="key">Its campaign.</param>
    /// <param name="at">When it came.</param>
    /// <param name="kind">The word of the report's kind, such as <c>bounce</c>.</param>
    /// <param name="host">The reporting host, or null.</param>
    /// <param name="name">The place of the report, such as a path; kept as the example if it is the first.</param>
    public Campaign Add(CampaignKey key, DateTimeOffset at, string kind, string? host, string name)
    {
        if (!_byShape.TryGetValue(key.Shape, out var campaign))
        {
            _byShape[key.Shape] = campaign = new(key.Shape, key.Label, name);
        }

        campaign.Add(at, kind, host);
        return campaign;
    }

    /// <summary>Gives longer ids to campaigns with equal ids. Call it when all reports are counted.</summary>
    public void NameApart()
    {
        foreach (var alike in _byShape.Values.GroupBy(c => c.Id, StringComparer.Ordinal).Where(g => g.Skip(1).Any()).ToList())
        {
            foreach (var campaign in alike)
            {
                campaign.Id = Campaign.IdOf(campaign.Shape, LongId);
            }
        }
    }
}
