using System.Text.RegularExpressions;

namespace Backstop.Tests.House;

/// <summary>What the README of a project names is there, and every folder of the project is named.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string _architecture = Path.Combine(HouseRulesTests.Root(), "docs", "ARCHITECTURE.md");

    private static readonly Lazy<HashSet<string>> _names =
        new(() => [.. Project.All.Select(p => p.Assembly).Append(typeof(ReadmeTests).Assembly.Location).SelectMany(Named)]);

    public static TheoryData<string> Projects => [.. Project.All.Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Projects), DisableDiscoveryEnumeration = true)]
    public void Every_folder_is_named(string project)
    {
        var (named, folder) = (Names(project), Project.All.Single(p => p.Name == project).Folder);
        var folders = Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d) + "/").ToList();
        Listed.None("folders that the README does not name", folders.Except(named));
        var row = File.ReadLines(_architecture).Single(l => l.StartsWith($"| {project} |", StringComparison.Ordinal));
        Listed.None("folders that ARCHITECTURE.md does not name", folders.Except(NamesIn(row)));
    }

    [Fact]
    public void Every_name_in_the_architecture_is_of_something() =>
        Listed.None("names of nothing", NamesIn(File.ReadAllText(_architecture)).Where(n => !Project.All.Any(p => Exists(p.Name, n))));

    /// <summary>What a stranger opens to follow one thing: each file is there, once, and there are few.</summary>
    [Fact]
    public void Trips_are_short_and_each_stop_is_there()
    {
        var section = File.ReadAllText(_architecture).Split("## Six trips")[1].Split("\n## ")[0];
        var trips = Trip().Matches(section).Select(m => (Name: m.Groups["name"].Value, Stops: Stops(m.Groups["stops"].Value))).ToList();
        Assert.Equal(6, trips.Count);
        var files = Project.All.SelectMany(p => Directory.EnumerateFiles(p.Folder, "*.cs", SearchOption.AllDirectories))
            .Select(f => Path.GetFileNameWithoutExtension(f)).ToHashSet(StringComparer.Ordinal);
        Listed.None("stops that are no file", trips.SelectMany(t => t.Stops).Where(s => !files.Contains(s)));
        Listed.None("stops named twice", trips.SelectMany(t => t.Stops.GroupBy(s => s).Where(g => g.Count() > 1).Select(g => g.Key)));
        Listed.None("trips of more than 15 files", trips.Where(t => t.Stops.Length > 15).Select(t => $"{t.Name}: {t.Stops.Length}"));
    }

    private static string[] Stops(string text) => Aside().Replace(text, "").Split(',', StringSplitOptions.TrimEntries);

    /// <summary>A place in STANDARDS.md is a project, a folder of one or a file of its, without "Backstop." and ".cs".</summary>
    [Fact]
    public void Every_place_in_the_standards_is_there()
    {
        var rows = File.ReadLines(Path.Combine(HouseRulesTests.Root(), "docs", "STANDARDS.md"))
            .Where(l => l.StartsWith("| RFC", StringComparison.Ordinal));
        var places = rows.SelectMany(r =>
            r.Split('|')[4].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct().ToList();
        Assert.True(places.Count > 30);
        Listed.None(
            "places of nothing",
            places.Where(p =>
                Path.Combine(
                    HouseRulesTests.Root(), "src", "Backstop." + p) is var path && !Directory.Exists(path) && !File.Exists(path + ".cs")));
    }

    [Theory]
    [MemberData(nameof(Projects), DisableDiscoveryEnumeration = true)]
    public void Every_name_is_of_something(string project) =>
        Listed.None("names of nothing", Names(project).Where(n => !Exists(project, n)));

    /// <summary>The kinds of names are told apart: else the tests above could not fail.</summary>
    [Theory]
    [InlineData("Smtp/", true)]
    [InlineData("Smtq/", false)]
    [InlineData("MailPipeline.cs", true)]
    [InlineData("MailPipe.cs", false)]
    [InlineData("BackstopServer", true)]
    [InlineData("BackstopClient", false)]
    [InlineData("DnsblChecker.FindAsync", true)]
    [InlineData("DnsblChecker.Find", false)]
    [InlineData("backstop --help", true)]
    [InlineData("Mail/MessageBudget", true)]
    [InlineData("Mail/MessageBudge", false)]
    public void Names_are_looked_for(string name, bool isThere) => Assert.Equal(isThere, Exists("Backstop.Server", name));

    private static IEnumerable<string> Named(string assembly)
    {
        using var code = new AssemblyCode(assembly);
        return [.. code.Names()];
    }

    private static IEnumerable<string> Names(string project) =>
        NamesIn(File.ReadAllText(Path.Combine(Project.All.Single(p => p.Name == project).Folder, "README.md")));

    private static IEnumerable<string> NamesIn(string text) =>
        InBackticks().Matches(Fence().Replace(text, "")).Select(m => m.Groups["name"].Value).Distinct(StringComparer.Ordinal);

    private static bool Exists(string project, string name)
    {
        if (PathLike().IsMatch(name))
        {
            var folder = Project.All.Single(p => p.Name == project).Folder;
            var root = HouseRulesTests.Root();
            string[] places = [folder, root, Path.Combine(root, "tests", "Backstop.Tests")];
            return places.Select(p => Path.Combine(p, name)).Append(Path.Combine(root, "src", "Backstop." + name))
                    .Any(p => Path.Exists(p) || File.Exists(p + ".cs"))
                || (!name.Contains('/') && Directory.EnumerateFiles(folder, name, SearchOption.AllDirectories).Any());
        }

        var plain = Call().Replace(name, "");
        return !Member().IsMatch(plain) || _names.Value.Contains(plain) || Project.All.Any(p => p.Name == plain);
    }

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex InBackticks();

    [GeneratedRegex(@"^- \*\*(?<name>[^*]+)\*\*: (?<stops>[^.]+)\.", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Trip();

    [GeneratedRegex(@" \([^)]*\)")]
    private static partial Regex Aside();

    // What is built lies under artifacts, or does not.
    [GeneratedRegex(@"^(?!artifacts/)(\w[\w.-]*/[\w./-]*|\w[\w-]*\.(cs|tsv|cf|md|sh|txt|css))$", RegexOptions.ExplicitCapture)]
    private static partial Regex PathLike();

    [GeneratedRegex(@"^new |\([^()]*\)")]
    private static partial Regex Call();

    [GeneratedRegex(@"^[A-Z]\w*[a-z]\w*(\.[A-Z]\w*)*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Member();
}
