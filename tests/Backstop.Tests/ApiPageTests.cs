using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Backstop.Backscatter.Bounces;

namespace Backstop.Tests;

/// <summary>
/// docs/api/backscatter.md is made from the assembly and its documentation, so it cannot go stale. UPDATE_GOLDEN=1 rewrites it;
/// read the diff.
/// </summary>
public sealed partial class ApiPageTests
{
    private static readonly Assembly _assembly = typeof(BounceClassifier).Assembly;

    [Fact]
    public void Api_page_is_what_the_assembly_offers()
    {
        var path = Path.Combine(HouseRulesTests.Root(), "docs", "api", "backscatter.md");
        var page = Page();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.Equal(File.ReadAllText(path), page);
    }

    /// <summary>The examples in the README are code that runs: these tests hold them word for word.</summary>
    [Theory]
    [InlineData(0, "ReadmeExample.cs")]
    [InlineData(1, "ReadmeTicketExample.cs")]
    public void Example_of_the_readme_is_compiled_and_runs(int number, string test)
    {
        var readme = File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "src", "Backstop.Backscatter", "README.md"));
        var example = Lines(Fence().Matches(readme)[number].Groups["code"].Value);
        Assert.InRange(example.Split('\n').Length, 5, 22);
        Assert.Contains(
            example, Lines(File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "Backscatter", test))),
            StringComparison.Ordinal);
    }

    // Indented as the test is, it is the same code.
    private static string Lines(string code) =>
        string.Join('\n', code.ReplaceLineEndings("\n").Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0));

    private static string Page()
    {
        var docs = XDocument.Load(Path.ChangeExtension(_assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => Text(m.Element("summary")));
        var page = new StringBuilder(
            "# Backstop.Backscatter: the public API\nMade from the assembly by `ApiPageTests`; an example is in the "
                + "[README](../../src/Backstop.Backscatter/README.md).\n");
        foreach (var space in _assembly.GetExportedTypes().GroupBy(t => t.Namespace!).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {space.Key}\n");
            foreach (var type in space.OrderBy(t => t.Name, StringComparer.Ordinal))
            {
                page.Append(CultureInfo.InvariantCulture, $"\n### {type.Name}\n{docs.GetValueOrDefault($"T:{type.FullName}", "")}\n");
                foreach (var (id, shown) in Members(type).OrderBy(m => m.Shown, StringComparer.Ordinal))
                {
                    page.Append($"- `{shown}` {docs.GetValueOrDefault(id, "")}".TrimEnd()).Append('\n');
                }
            }
        }

        return page.ToString();
    }

    private static IEnumerable<(string Id, string Shown)> Members(Type type)
    {
        const BindingFlags own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(n => ($"F:{type.FullName}.{n}", n));
        }

        var members = type.GetFields(own).Select(f => ($"F:{type.FullName}.{f.Name}", $"{Name(f.FieldType)} {f.Name}"))
            .Concat(
            type.GetProperties(own).Where(p => p.Name != "EqualityContract").Select(p =>
                ($"P:{type.FullName}.{p.Name}", $"{Name(p.PropertyType)} {p.Name}")))
            .Concat(
            type.GetMethods(own).Where(m => !m.IsSpecialName && !IsMadeByCompiler(m)).Select(m =>
                (Id(m), $"{Name(m.ReturnType)} {m.Name}({Parameters(m)})")));
        return type.IsAbstract ? members : members.Concat(type.GetConstructors().Select(c => (Id(c), $"{type.Name}({Parameters(c)})")));
    }

    private static bool IsMadeByCompiler(MethodInfo method) =>
        method.Name is "ToString" or "Equals" or "GetHashCode" or "Deconstruct" or "PrintMembers" || method.Name.StartsWith('<');

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}"));

    private static string Id(MethodBase method)
    {
        var parameters = string.Join(",", method.GetParameters().Select(p => XmlName(p.ParameterType)));
        var name = method is ConstructorInfo ? "#ctor" : method.Name;
        return $"M:{method.DeclaringType!.FullName}.{name}{(parameters.Length > 0 ? $"({parameters})" : "")}";
    }

    private static string XmlName(Type type) => type.IsGenericType
        ? $"{type.Namespace}.{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}"
            + $"{{{string.Join(",", type.GetGenericArguments().Select(XmlName))}}}"
        : type.FullName!.Replace('+', '.');

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        return type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}"
                + $"<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name switch
            {
                "String" => "string",
                "Boolean" => "bool",
                "Int32" => "int",
                "Int64" => "long",
                "Double" => "double",
                "Void" => "void",
                var name => name
            };
    }

    private static string Text(XElement? summary)
    {
        if (summary is null)
        {
            return "";
        }

        foreach (var reference in summary.Descendants("see").ToList())
        {
            reference.ReplaceWith(((string?)reference.Attribute("cref") ?? "")[2..].Split('.')[^1].Split('(')[0]);
        }

        return string.Join(' ', summary.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();
}
