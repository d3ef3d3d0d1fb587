namespace Backstop.Tests.House;

/// <summary>
/// Who uses whom, read from the assemblies: between projects, and between the folders of one, which are its namespaces. What a floor
/// rests on must not rest on it.
/// </summary>
public sealed class FloorsTests
{
    // Folders that use each other as of today. The list only shrinks: a pair that is none any more is taken off.
    private static readonly string[] _pairs =
    [
        "Backstop.Server <-> Backstop.Server.Alerts",
        "Backstop.Server <-> Backstop.Server.Web",
    ];

    // What closes longer circles once the pairs above are left out of account. Only shrinks, too.
    private static readonly string[] _arrows = [];

    // What lies between two of those pairs, and so in a circle with them.
    private static readonly string[] _between = [];

    private static readonly Lazy<IReadOnlyList<(TypeName From, TypeName To)>> _uses = new(() => [.. Project.All.SelectMany(Uses)]);

    [Fact]
    public void Projects_stand_on_each_other_without_a_circle()
    {
        var arrows = new Arrows();
        var ours = Project.All.Select(p => Path.GetFileNameWithoutExtension(p.Assembly)).ToHashSet(StringComparer.Ordinal);
        foreach (var (from, to) in _uses.Value.Where(u => ours.Contains(u.To.Assembly)))
        {
            arrows.Add(from.Assembly, to.Assembly, $"{from} uses {to}");
        }

        Assert.Null(arrows.Circle(new HashSet<string>()));
        Assert.NotNull(arrows.Why("Backstop.Server", "Backstop.Mail"));
    }

    [Fact]
    public void Folders_use_each_other_only_where_they_did()
    {
        var arrows = Folders();
        var found = arrows.Pairs().ToList();
        Listed.None("use each other", found.Except(_pairs).Select(p => $"{p}\n{arrows.Way([.. p.Split(" <-> "), p.Split(" <-> ")[0]])}"));
        Listed.Still(_pairs, found);
    }

    [Fact]
    public void Folders_stand_in_no_other_circle()
    {
        var arrows = Folders();
        var pairs = _pairs.Select(p => p.Split(" <-> ")).ToList();
        var known = pairs.SelectMany(p => new[] { $"{p[0]} -> {p[1]}", $"{p[1]} -> {p[0]}" }).Concat(_arrows);
        var circle = arrows.Circle(known.ToHashSet(StringComparer.Ordinal));
        Assert.True(circle is null, $"a circle:\n{circle}");
        var found = arrows.InCircles();
        var may = pairs.SelectMany(p => p).Concat(_arrows.SelectMany(a => a.Split(" -> "))).Concat(_between).ToHashSet();
        Listed.None("in a circle", found.Where(f => !may.Contains(f.Key)).Select(f => $"{f.Key}:\n{f.Value}"));
        Listed.Still(may, found.Keys);
        Listed.Still(_arrows, _arrows.Where(a => a.Split(" -> ") is [var from, var to] && arrows.Why(from, to) is not null));
    }

    /// <summary>A circle is found and shown with the types that make it: else the tests above could not fail.</summary>
    [Fact]
    public void Circle_is_shown_with_its_way()
    {
        var arrows = new Arrows();
        arrows.Add("A", "B", "A.One uses B.Two");
        arrows.Add("B", "C", "B.Two uses C.Three");
        arrows.Add("C", "A", "C.Three uses A.One");
        arrows.Add("C", "D", "C.Three uses D.Four");
        const string Way = "A -> B: A.One uses B.Two\nB -> C: B.Two uses C.Three\nC -> A: C.Three uses A.One";
        Assert.Equal(Way, arrows.Circle(new HashSet<string>()));
        Assert.Null(arrows.Circle(new HashSet<string> { "C -> A" }));
        Assert.Empty(arrows.Pairs());
        Assert.Equal(["A", "B", "C"], arrows.InCircles().Keys);
        Assert.StartsWith("B -> C", arrows.InCircles()["B"], StringComparison.Ordinal);
        arrows.Add("D", "C", "D.Four uses C.Three");
        Assert.Equal(["C <-> D"], arrows.Pairs());
    }

    private static Arrows Folders()
    {
        var arrows = new Arrows();
        foreach (var (from, to) in _uses.Value.Where(u => u.From.Assembly == u.To.Assembly && IsOurs(u.From) && IsOurs(u.To)))
        {
            arrows.Add(from.Namespace, to.Namespace, $"{from.Name} uses {to.Name}");
        }

        return arrows;

        // What generators write has namespaces of its own.
        static bool IsOurs(TypeName type) => type.Namespace.Split('.')[0] == "Backstop";
    }

    private static IEnumerable<(TypeName From, TypeName To)> Uses(Project project)
    {
        using var code = new AssemblyCode(project.Assembly);
        return [.. code.TypeUses()];
    }
}
