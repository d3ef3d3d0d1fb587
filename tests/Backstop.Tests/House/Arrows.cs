namespace Backstop.Tests.House;

/// <summary>Who uses whom, each arrow with one pair of types that makes it.</summary>
internal sealed class Arrows
{
    private readonly SortedDictionary<string, SortedDictionary<string, string>> _from = new(StringComparer.Ordinal);

    public void Add(string from, string to, string why)
    {
        if (from == to)
        {
            return;
        }

        if (!_from.TryGetValue(from, out var arrows))
        {
            _from[from] = arrows = new(StringComparer.Ordinal);
        }

        arrows.TryAdd(to, why);
    }

    /// <summary>Those that use each other, as <c>A &lt;-&gt; B</c> in the order of their letters.</summary>
    public IEnumerable<string> Pairs() =>
        from a in _from
        from b in a.Value.Keys
        where string.CompareOrdinal(a.Key, b) < 0 && Why(b, a.Key) is not null
        select $"{a.Key} <-> {b}";

    public string? Why(string from, string to) => _from.GetValueOrDefault(from)?.GetValueOrDefault(to);

    /// <summary>A way that ends where it begins, in words; null where there is none.</summary>
    /// <param name="without">Arrows not to be gone along, as <c>A -&gt; B</c>.</param>
    public string? Circle(IReadOnlySet<string> without)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        var way = new List<string>();
        return _from.Keys.Select(Visit).FirstOrDefault(c => c is not null);

        string? Visit(string place)
        {
            if (way.IndexOf(place) is >= 0 and var at)
            {
                return Way([.. way[at..], place]);
            }

            if (!done.Add(place) || !_from.TryGetValue(place, out var arrows))
            {
                return null;
            }

            way.Add(place);
            var circle = arrows.Keys.Where(to => !without.Contains($"{place} -> {to}")).Select(Visit).FirstOrDefault(c => c is not null);
            way.RemoveAt(way.Count - 1);
            return circle;
        }
    }

    /// <summary>Those from which arrows lead back to themselves, each with its shortest way.</summary>
    public IReadOnlyDictionary<string, string> InCircles() => _from.Keys
        .Select(p => (Place: p, Back: WayBack(p))).Where(w => w.Back is not null)
        .ToDictionary(w => w.Place, w => Way(w.Back!), StringComparer.Ordinal);

    private List<string>? WayBack(string place)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var ways = new Queue<List<string>>([[place]]);
        while (ways.TryDequeue(out var way))
        {
            if (way.Count > 1 && way[^1] == place)
            {
                return way;
            }

            foreach (var to in _from.GetValueOrDefault(way[^1])?.Keys.Where(seen.Add) ?? [])
            {
                ways.Enqueue([.. way, to]);
            }
        }

        return null;
    }

    /// <summary>A way, with the types that make its arrows.</summary>
    public string Way(IReadOnlyList<string> places) =>
        string.Join('\n', places.Zip(places.Skip(1), (from, to) => $"{from} -> {to}: {Why(from, to)}"));
}
