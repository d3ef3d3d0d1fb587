namespace Backstop.Tests.House;

/// <summary>
/// Who uses whom, read from the assemblies: between projects, and between the folders of one, which are its namespaces. What a floor
/// rests on must not rest on it.
/// </summary>
public sealed class FloorsTests
{
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

        Assert.Null(arrows.Circle());
        Assert.NotNull(arrows.Why("Backstop.Server", "Backstop.Mail"));
    }

    [Fact]
    public void Folders_of_a_project_stand_on_each_other_without_a_circle()
    {
        var circle = Folders().Circle();
        Assert.True(circle is null, $"a circle:\n{circle}");
    }

    /// <summary>A circle is found and shown with the types that make it: else the tests above could not fail.</summary>
    [Fact]
    public void Circle_is_shown_with_its_way()
    {
        var arrows = new Arrows();
        arrows.Add("A", "B", "A.One uses B.Two");
        arrows.Add("B", "C", "B.Two uses C.Three");
        arrows.Add("C", "D", "C.Three uses D.Four");
        Assert.Null(arrows.Circle());
        arrows.Add("C", "A", "C.Three uses A.One");
        const string Way = "A -> B: A.One uses B.Two\nB -> C: B.Two uses C.Three\nC -> A: C.Three uses A.One";
        Assert.Equal(Way, arrows.Circle());
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
