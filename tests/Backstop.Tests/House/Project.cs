using System.Xml.Linq;

namespace Backstop.Tests.House;

/// <summary>A project under src, and its assembly as it lies beside the tests.</summary>
internal sealed record Project(string File, string Assembly)
{
    /// <summary>All of them. One whose assembly the tests do not reference is not passed over: opening it fails.</summary>
    public static IReadOnlyList<Project> All { get; } =
        [.. Files().Select(Read).OrderBy(p => p.Name, StringComparer.Ordinal)];

    public string Name => Path.GetFileNameWithoutExtension(File);

    public string Folder => Path.GetDirectoryName(File)!;

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Path.Combine(HouseRulesTests.Root(), "src"), "*.csproj", SearchOption.AllDirectories);

    private static Project Read(string file)
    {
        var name = XDocument.Load(file).Descendants("AssemblyName").SingleOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(file);
        return new(file, Path.Combine(AppContext.BaseDirectory, name + ".dll"));
    }
}
