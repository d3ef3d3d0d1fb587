using System.Globalization;
using System.Runtime.InteropServices;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Campaigns;

namespace Backstop.Backscatter.Storms;

/// <summary>A storm: an incident with a victim, a beginning and an end. Its memory is bounded. Not thread-safe.</summary>
internal sealed class Storm
{
    private const int MaxHosts = 20_000;
    private const int MaxReasons = 100;
    private const int MaxCampaigns = 500;
    private const int MaxMinutes = 7 * 24 * 60;

    private readonly Dictionary<string, long> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _actions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StormCampaign> _campaigns = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, long> _minutes = [];
    private StormExample? _example;
    private DateTimeOffset _last;
    private long _count;

    /// <summary>Begins a storm.</summary>
    /// <param name="kind">What its messages are.</param>
    /// <param name="victim">An address, <c>@domain</c>, or <c>campaign:</c> and a shape.</param>
    /// <param name="started">Its beginning.</param>
    public Storm(StormKind kind, string victim, DateTimeOffset started)
    {
        Kind = kind;
        Victim = victim;
        Started = started;
        Id = started.UtcDateTime.ToString("yyyyMMdd-HHmmss-", CultureInfo.InvariantCulture) + Campaign.IdOf($"{kind.Word()} {victim}", 4);
    }

    /// <summary>Its id: the time of its beginning, and four letters derived from victim and kind.</summary>
    public string Id { get; }

    /// <summary>What it is made of.</summary>
    public StormKind Kind { get; }

    /// <summary>
    /// The victim: an address, <c>@domain</c>, or <c>campaign:</c> and a shape if it is spread over many victims.
    /// </summary>
    public string Victim { get; }

    /// <summary>When its first message came.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? Ended { get; set; }

    /// <summary>Restores a storm from its record.</summary>
    /// <param name="record">What <see cref="Record"/> returned.</param>
    public static Storm From(StormRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var storm = new Storm(
            StormWords.ParseKind(record.Kind), record.Victim, record.Started)
        {
            Ended = record.Ended,
            _last = record.Last,
            _count = record.Count,
            _example = record.Example
        };
        Fill(storm._hosts, record.Hosts);
        Fill(storm._reasons, record.Reasons);
        Fill(storm._actions, record.Actions);
        foreach (var campaign in record.Campaigns)
        {
            storm._campaigns[campaign.Shape] = campaign;
        }

        foreach (var (minute, count) in record.Minutes)
        {
            storm._minutes[minute] = count;
        }

        return storm;
    }

    /// <summary>Counts a message.</summary>
    /// <param name="sighting">The message.</param>
    /// <param name="at">When it came.</param>
    public void Add(in StormSighting sighting, DateTimeOffset at)
    {
        _count++;
        _last = at > _last ? at : _last;
        Increment(_actions, sighting.Action.Word(), MaxReasons);
        Increment(_hosts, sighting.Host, MaxHosts);
        Increment(_reasons, sighting.Reason.Word, MaxReasons);
        var minute = at.ToUnixTimeSeconds() / 60;
        _minutes[minute] = _minutes.GetValueOrDefault(minute) + 1;
        if (_minutes.Count > MaxMinutes)
        {
            _minutes.Remove(_minutes.Keys.First());
        }

        if (sighting.Campaign is { } campaign && (_campaigns.Count < MaxCampaigns || _campaigns.ContainsKey(campaign.Shape)))
        {
            var seen = _campaigns.GetValueOrDefault(campaign.Shape) ?? new(campaign.Label, campaign.Shape, 0);
            _campaigns[campaign.Shape] = seen with { Count = seen.Count + 1 };
        }

        Exemplify(sighting.Report);
    }

    /// <summary>Stores a message as the storm's example, if it has none.</summary>
    /// <param name="report">The classified message; null if its content was not seen.</param>
    public void Exemplify(BounceReport? report)
    {
        if (report is not null)
        {
            _example ??= new(
                report.Subject, report.From ?? "", report.Returned.Subject ?? "", report.Returned.From ?? "",
                report.Returned.MessageId ?? "");
        }
    }

    /// <summary>Returns a summary in one line.</summary>
    public StormSummary Summary() =>
        new(Id, Kind.Word(), Victim, Started, _count, _hosts.Count, _actions.GetValueOrDefault(StormAction.Filed.Word()));

    /// <summary>Returns a copy of everything known about it, for display and storage.</summary>
    public StormRecord Record() => new(
        Id, Kind.Word(), Victim, Started, Ended, _last, _count, _minutes.Count == 0
            ? 0
            : _minutes.Values.Max(), new Dictionary<string, long>(_actions), new Dictionary<string, long>(_reasons),
        new Dictionary<string, long>(_hosts), [
            .. _campaigns.Values.OrderByDescending(c => c.Count).ThenBy(
                c => c.Shape, StringComparer.Ordinal)], new Dictionary<long, long>(_minutes), _example);

    private static void Fill(Dictionary<string, long> counts, IReadOnlyDictionary<string, long> from)
    {
        foreach (var (key, count) in from)
        {
            counts[key] = count;
        }
    }

    private static void Increment(Dictionary<string, long> counts, string key, int max)
    {
        if (counts.Count < max || counts.ContainsKey(key))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _)++;
        }
    }
}
