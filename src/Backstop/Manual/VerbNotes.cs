using System.CommandLine;

namespace Backstop.Manual;

/// <summary>What is said of a verb beside its definition.</summary>
/// <param name="Found">What an exit code of 1 means; null where the verb never ends with it.</param>
/// <param name="Examples">Command lines, some with a comment behind a number sign.</param>
internal sealed record VerbNote(string? Found, IReadOnlyList<string> Examples);

/// <summary>The examples and exit codes of all verbs, as verbs.txt has them.</summary>
internal static class VerbNotes
{
    private static readonly Lazy<Dictionary<string, VerbNote>> _all = new(Read);

    /// <summary>Returns the note of a verb, or null.</summary>
    /// <param name="verb">The verb.</param>
    public static VerbNote? Of(Command verb) => _all.Value.GetValueOrDefault(Path(verb));

    /// <summary>
    /// Returns the words that call a verb, without the program's name, such as <c>queue list</c>; for the root, the program's name.
    /// </summary>
    /// <param name="verb">The verb.</param>
    public static string Path(Command verb) =>
        verb is RootCommand ? "backstop"
        : verb.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? $"{Path(parent)} {verb.Name}"
        : verb.Name;

    /// <summary>Returns the verbs that a verb is part of, the nearest first.</summary>
    /// <param name="verb">The verb.</param>
    public static IEnumerable<Command> Above(Command verb) =>
        verb.Parents.OfType<Command>().SelectMany(p => Above(p).Prepend(p));

    /// <summary>The exit codes of a verb, one a line: the number, and what it means.</summary>
    /// <param name="note">The verb's note.</param>
    public static IEnumerable<(int Code, string Meaning)> Codes(VerbNote note) =>
    [
        (ExitCode.Done, "done"),
        .. note.Found is { } found ? [(ExitCode.Found, found)] : Array.Empty<(int, string)>(),
        (ExitCode.Usage, "the command line is wrong"),
        (ExitCode.BadInput, "what was read is not what it should be"),
        (ExitCode.NoInput, "a file or message that was named is not there"),
        (ExitCode.Unavailable, "a server or file cannot be used"),
        (ExitCode.Bug, "a bug in Backstop"),
        (ExitCode.CannotCreate, "a file cannot be written"),
        (ExitCode.TryAgain, "not done; try again"),
        (ExitCode.Protocol, "the other server breaks its protocol"),
        (ExitCode.NoPermission, "no permission"),
        (ExitCode.BadConfig, "the configuration has errors, each with file:line:column"),
    ];

    private static Dictionary<string, VerbNote> Read()
    {
        using var stream = typeof(VerbNotes).Assembly.GetManifestResourceStream("verbs.txt")!;
        var notes = new Dictionary<string, VerbNote>(StringComparer.Ordinal);
        foreach (var block in new StreamReader(stream).ReadToEnd().Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n').Where(l => l.Length > 0 && l[0] != '#').ToList();
            if (lines.Count > 0)
            {
                notes.Add(lines[0], new(
                    lines.FirstOrDefault(l => l.StartsWith("1 ", StringComparison.Ordinal))?[2..],
                    [.. lines.Where(l => l.StartsWith("$ ", StringComparison.Ordinal)).Select(l => l[2..])]));
            }
        }

        return notes;
    }
}
