using System.Text.RegularExpressions;

namespace Backstop.Tests.House;

/// <summary>The kinds of comments that a machine can tell to be bad.</summary>
public sealed partial class CommentTests
{
    /// <summary>"The kind." tells a reader nothing about a parameter named kind: say its form, its values or what null means.</summary>
    [Fact]
    public void Docs_of_the_libraries_parameters_say_more_than_their_names()
    {
        var folders = Directory.EnumerateFiles(Path.Combine(HouseRulesTests.Root(), "docs", "api"), "*.txt")
            .Select(f => Path.Combine(HouseRulesTests.Root(), "src", Path.GetFileNameWithoutExtension(f))).ToList();
        Assert.InRange(folders.Count, 5, 50);
        Assert.Empty(folders.SelectMany(Sources).SelectMany(f => Parameter().Matches(File.ReadAllText(f))
            .Where(m => Words(m.Groups["text"].Value).SequenceEqual(NameWords(m.Groups["name"].Value), StringComparer.Ordinal))
            .Select(m => $"{f}: {m.Value}")));
    }

    /// <summary>"It is no rule" has to be read twice; write "it is not a rule", or what it is.</summary>
    [Fact]
    public void Comments_say_is_not_rather_than_is_no() => Assert.Empty(
        Sources(Path.Combine(HouseRulesTests.Root(), "src")).SelectMany(f =>
            Comments(f).Where(c => IsNo().IsMatch(c)).Select(c => $"{f}: {c}")));

    /// <summary>A section sign that was lost leaves two blanks: "RFC 2034  4".</summary>
    [Fact]
    public void Citations_have_their_section_sign() => Assert.Empty(
        Sources(Path.Combine(HouseRulesTests.Root(), "src")).SelectMany(f =>
            Comments(f).Where(c => BareSection().IsMatch(c)).Select(c => $"{f}: {c}")));

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories);

    // Comments of several lines as one text: a sentence may go on in the next line.
    private static IEnumerable<string> Comments(string file)
    {
        List<string> lines = [];
        foreach (var line in File.ReadLines(file).Append(""))
        {
            var text = line.Trim();
            if (text.StartsWith("//", StringComparison.Ordinal))
            {
                lines.Add(text.TrimStart('/').Trim());
            }
            else if (lines.Count > 0)
            {
                yield return string.Join(' ', lines);
                lines.Clear();
            }
        }
    }

    private static IEnumerable<string> Words(string text) =>
        Word().Matches(text.ToLowerInvariant()).Select(m => m.Value).Where(w => w is not ("the" or "a" or "an" or "its"));

    private static IEnumerable<string> NameWords(string name) => NamePart().Matches(name).Select(m => m.Value.ToLowerInvariant());

    [GeneratedRegex("<param name=\"(?<name>\\w+)\">(?<text>[^<]*)</param>")]
    private static partial Regex Parameter();

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Word();

    [GeneratedRegex("[A-Z]?[a-z]+")]
    private static partial Regex NamePart();

    [GeneratedRegex(@"(?<!\bthere )\b(?:is|are) no (?!\w+er\b|more\b|less\b)[a-z]+", RegexOptions.IgnoreCase)]
    private static partial Regex IsNo();

    [GeneratedRegex(@"RFC \d+  ?\d")]
    private static partial Regex BareSection();
}
