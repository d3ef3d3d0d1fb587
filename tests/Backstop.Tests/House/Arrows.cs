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

    public string? Why(string from, string to) => _from.GetValueOrDefault(from)?.GetValueOrDefault(to);

    /// <summary>A way that ends where it begins, in words; null where there is none.</summary>
    public string? Circle()
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
            var circle = arrows.Keys.Select(Visit).FirstOrDefault(c => c is not null);
            way.RemoveAt(way.Count - 1);
            return circle;
        }
    }

    /// <summary>A way, with the types that make its arrows.</summary>
    private string Way(IReadOnlyList<string> places) =>
        string.Join('\n', places.Zip(places.Skip(1), (from, to) => $"{from} -> {to}: {Why(from, to)}"));
}
