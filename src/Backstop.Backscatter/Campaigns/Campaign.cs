using System.Globalization;

namespace Backstop.Backscatter.Campaigns;

/// <summary>Reports that return the same mailing.</summary>
/// <param name="shape">What they have in common.</param>
/// <param name="label">The first one's subject.</param>
/// <param name="example">Where the first one is.</param>
public sealed class Campaign(string shape, string label, string example)
{
    // A campaign's hosts are counted, not remembered for ever.
    private const int MaxHosts = 20_000;

    private readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _kinds = new(StringComparer.Ordinal);

    /// <summary>What they have in common.</summary>
    public string Shape => shape;

    /// <summary>The subject of the first report, for people.</summary>
    public string Label => label;

    /// <summary>Where one of them is.</summary>
    public string Example => example;

    /// <summary>A short name for the command line, the same in every run unless two campaigns share it.</summary>
    public string Id { get; internal set; } = IdOf(shape, 4);

    /// <summary>The number of reports counted.</summary>
    public int Count { get; private set; }

    /// <summary>When the first one came.</summary>
    public DateTimeOffset First { get; private set; } = DateTimeOffset.MaxValue;

    /// <summary>When the last one came.</summary>
    public DateTimeOffset Last { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>How many each host reported.</summary>
    public IReadOnlyDictionary<string, int> Hosts => _hosts;

    /// <summary>The hosts that reported most, the busiest first.</summary>
    /// <param name="count">How many of them.</param>
    public IEnumerable<KeyValuePair<string, int>> Busiest(int count) =>
        _hosts.OrderByDescending(h => h.Value).ThenBy(h => h.Key, StringComparer.Ordinal).Take(count);

    /// <summary>How many of each kind: <c>bounce</c>, <c>autoreply</c> and so on.</summary>
    public IReadOnlyDictionary<string, int> Kinds => _kinds;

    /// <summary>Counts one.</summary>
    /// <param name="at">When it came.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="host">Who reported it, or null.</param>
    internal void Add(DateTimeOffset at, string kind, string? host)
    {
        Count++;
        First = at < First ? at : First;
        Last = at > Last ? at : Last;
        _kinds[kind] = _kinds.GetValueOrDefault(kind) + 1;
        if (host is not null && (_hosts.Count < MaxHosts || _hosts.ContainsKey(host)))
        {
            _hosts[host] = _hosts.GetValueOrDefault(host) + 1;
        }
    }

    // FNV-1a: stable, and nobody gains by making two alike.
    internal static string IdOf(string shape, int length)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in shape)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return (hash ^ (hash >> 32)).ToString("x16", CultureInfo.InvariantCulture)[^length..];
    }
}
