using System.Globalization;

namespace Backstop.Backscatter.Campaigns;

/// <summary>Reports that return the same mailing.</summary>
/// <param name="shape">The common part of their subjects.</param>
/// <param name="label">The first one's subject.</param>
/// <param name="example">The place of the first one, such as a path.</param>
public sealed class Campaign(string shape, string label, string example)
{
    // A campaign's hosts are counted, but not kept for ever.
    private const int MaxHosts = 20_000;

    private readonly Dictionary<string, int> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _kinds = new(StringComparer.Ordinal);

    /// <summary>The common part of their subjects.</summary>
    public string Shape => shape;

    /// <summary>The subject of the first report, for people.</summary>
    public string Label => label;

    /// <summary>The place of one of them, such as a path.</summary>
    public string Example => example;

    /// <summary>A short name for the command line, the same in every run unless two campaigns share it.</summary>
    public string Id { get; internal set; } = IdOf(shape, 4);

    /// <summary>The number of reports counted.</summary>
    public int Count { get; private set; }

    /// <summary>When the first one came.</summary>
    public DateTimeOffset First { get; private set; } = DateTimeOffset.MaxValue;

    /// <summary>When the last one came.</summary>
    public DateTimeOffset Last { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The number of reports of each host.</summary>
    public IReadOnlyDictionary<string, int> Hosts => _hosts;

    /// <summary>Returns the hosts with the most reports, the busiest first.</summary>
    /// <param name="count">The most hosts to return.</param>
    public IEnumerable<KeyValuePair<string, int>> Busiest(int count) =>
        _hosts.OrderByDescending(h => h.Value).ThenBy(h => h.Key, StringComparer.Ordinal).Take(count);

    /// <summary>The number of reports of each kind: <c>bounce</c>, <c>autoreply</c> and so on.</summary>
    public IReadOnlyDictionary<string, int> Kinds => _kinds;

    /// <summary>Counts a report.</summary>
    /// <param name="at">When it came.</param>
    /// <param name="kind">The word of the report's kind, such as <c>bounce</c>.</param>
    /// <param name="host">The reporting host, or null.</param>
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

    // FNV-1a: stable; an attacker gains nothing by a collision.
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
