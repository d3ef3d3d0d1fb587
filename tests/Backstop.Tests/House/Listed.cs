namespace Backstop.Tests.House;

/// <summary>Compares what is with a list of what may be, and names all that differs.</summary>
internal static class Listed
{
    /// <summary>Nothing is found that is not listed, and nothing is listed that is no more.</summary>
    public static void Exactly(IEnumerable<string> listed, IEnumerable<string> found)
    {
        var (may, does) = (listed.ToHashSet(StringComparer.Ordinal), found.ToHashSet(StringComparer.Ordinal));
        None("not listed", does.Except(may));
        Still(may, does);
    }

    /// <summary>A list that only shrinks: what is listed is still found.</summary>
    public static void Still(IEnumerable<string> listed, IEnumerable<string> found) =>
        None("listed, but no more so: take it off the list", listed.Except(found, StringComparer.Ordinal));

    public static void None(string what, IEnumerable<string> found)
    {
        var lines = found.Order(StringComparer.Ordinal).ToList();
        Assert.True(lines.Count == 0, $"{what}:\n{string.Join('\n', lines)}");
    }
}
