namespace Backstop.Tests.Backscatter.WantedMail;

/// <summary>How a sort of sender writes its mail: the reverse-path, the fields of the header and the shapes of the body.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Topics">What it writes about.</param>
/// <param name="Languages">The only languages it writes; none for all.</param>
/// <param name="Path">The reverse-path; empty for the null reverse-path.</param>
/// <param name="Shapes">The bodies it makes.</param>
/// <param name="Fields">Its fields, with slots in braces.</param>
internal sealed record Habit(
    string Name,
    IReadOnlyList<string> Topics,
    IReadOnlyList<string> Languages,
    string Path,
    IReadOnlyList<string> Shapes,
    IReadOnlyList<string> Fields)
{
    private static readonly char[] _blank = [' '];

    /// <summary>Whether it would write this letter.</summary>
    public bool Writes(Letter letter) => Topics.Contains(letter.Topic) && (Languages.Count == 0 || Languages.Contains(letter.Language));

    /// <summary>Reads a file of habits: <c>= name</c>, lines with a point for what is no field of the header, then the fields.</summary>
    public static IEnumerable<Habit> Read(string path) => Section.Read(path).Select(section => new Habit(
        section.Name,
        Words(section, ".for "),
        Words(section, ".in "),
        string.Concat(Words(section, ".path ")),
        Words(section, ".body ") is { Length: > 0 } shapes ? shapes : ["plain"],
        [.. section.Lines.Where(l => l.Length > 0 && l[0] != '.')]));

    private static string[] Words(Section section, string key) =>
        section.Lines.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?[key.Length..]
            .Split(_blank, StringSplitOptions.RemoveEmptyEntries)
            ?? [];
}
