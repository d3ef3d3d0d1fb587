using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace Backstop.Tests.House;

/// <summary>
/// docs/THIRD-PARTY-NOTICES.md names every package that the program is linked with, with its licence, as the packages say it themselves.
/// UPDATE_GOLDEN=1 rewrites it; read the diff.
/// </summary>
public sealed class NoticesTests
{
    // Packages of the build, which nobody is given.
    private static readonly string[] _buildOnly =
        ["Meziantou.Analyzer", "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Roslynator.Analyzers"];

    private static string Packages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [Fact]
    public void Notices_name_every_package_of_the_program()
    {
        var path = Path.Combine(HouseRulesTests.Root(), "docs", "THIRD-PARTY-NOTICES.md");
        var rows = Linked().Select(Row).ToList();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var text = File.ReadAllText(path);
            var (start, end) = (text.IndexOf("| package", StringComparison.Ordinal), text.IndexOf("\n\n## ", StringComparison.Ordinal));
            var table = "| package | version | licence | copyright |\n| --- | --- | --- | --- |\n" + string.Join('\n', rows);
            File.WriteAllText(path, text[..start] + table + text[end..]);
        }

        var lines = File.ReadAllLines(path).Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Skip(2);
        Assert.Equal(rows, lines);
    }

    /// <summary>Each licence's text is there: whoever passes the program on needs nothing else.</summary>
    [Fact]
    public void Every_licence_is_quoted()
    {
        var text = File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "docs", "THIRD-PARTY-NOTICES.md"));
        var licences = Linked().Select(p => Specification(p).Licence).Distinct(StringComparer.Ordinal).ToList();
        Assert.InRange(licences.Count, 2, 5);
        Assert.All(licences, l => Assert.Contains($"\n## {l}\n", text, StringComparison.Ordinal));
    }

    private static List<(string Name, string Version)> Linked()
    {
        using var locked = JsonDocument.Parse(File.ReadAllText(
            Path.Combine(HouseRulesTests.Root(), "src", "Backstop", "packages.lock.json")));
        return
        [
            .. locked.RootElement.GetProperty("dependencies").GetProperty("net10.0").EnumerateObject()
                .Where(p => p.Value.GetProperty("type").GetString() != "Project" && !_buildOnly.Contains(p.Name))
                .Select(p => (p.Name, Version: p.Value.GetProperty("resolved").GetString()!))
                .OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase),
        ];
    }

    private static string Row((string Name, string Version) package)
    {
        var (licence, copyright) = Specification(package);
        return new StringBuilder().Append(CultureInfo.InvariantCulture, $"| {package.Name} | {package.Version} | {licence} | {copyright} |")
            .ToString();
    }

    private static (string Licence, string Copyright) Specification((string Name, string Version) package)
    {
        var (name, version) = (package.Name.ToLowerInvariant(), package.Version.ToLowerInvariant());
        var file = XDocument.Load(Path.Combine(Packages, name, version, name + ".nuspec")).Root!.Elements().First();
        return (Value("license"), Value("copyright"));

        string Value(string element) => file.Elements().FirstOrDefault(e => e.Name.LocalName == element)?.Value.Trim() ?? "";
    }
}
