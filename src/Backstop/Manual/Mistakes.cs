using System.CommandLine;
using Backstop.Configuration;

namespace Backstop.Manual;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class Mistakes
{
    /// <summary>Returns a line for each mistake; none where the command line can be carried out.</summary>
    /// <param name="parsed">The command line as it was understood.</param>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        // Who asks for help is helped, whatever else stands there.
        var verb = parsed.CommandResult.Command;
        if (parsed.Action is VerbHelp)
        {
            return [];
        }

        if (parsed.UnmatchedTokens is { Count: > 0 } unmatched)
        {
            return [.. unmatched.Select(u => Unknown(verb, u))];
        }

        if (parsed.Errors.Count > 0)
        {
            return verb.Subcommands.Count > 0
                ? [$"{(verb is RootCommand ? "" : VerbNotes.Path(verb) + ": ")}which of {string.Join(", ", Names(verb))}?"]
                : [.. parsed.Errors.Select(e => e.Message)];
        }

        // Where arguments are file names, an unknown option would pass for one of them.
        return [
            .. BeforeDoubleDash(parsed).Where(t => t.Length > 1 && t[0] == '-')
                .Select(t => $"{Unknown(verb, t)}; an argument that begins with - goes behind --")];
    }

    private static IEnumerable<string> BeforeDoubleDash(ParseResult parsed)
    {
        var before = parsed.Tokens.TakeWhile(t => t.Type != System.CommandLine.Parsing.TokenType.DoubleDash).ToHashSet();
        return parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>()
            .SelectMany(a => a.Tokens).Where(before.Contains).Select(t => t.Value);
    }

    private static string Unknown(Command verb, string word)
    {
        var (kind, known) = word.StartsWith('-') ? ("option", Options(verb))
            : verb.Subcommands.Count > 0 ? ("verb", Names(verb)) : ("argument", []);
        var name = word.Split('=')[0];
        var dashes = name[..^name.TrimStart('-').Length];
        var near = NearestWord.To(name[dashes.Length..], [.. known.Select(k => k.TrimStart('-'))]);
        var hint = near is not null ? $"did you mean {known.First(k => k.TrimStart('-') == near)}?" : $"see {Help(verb)}";
        return kind == "argument"
            ? $"{VerbNotes.Path(verb)}: \"{word}\" is one argument too many; {hint}"
            : $"unknown {kind} {name}; {hint}";
    }

    private static string Help(Command verb) => verb is RootCommand ? "backstop --help" : $"backstop {VerbNotes.Path(verb)} --help";

    private static List<string> Names(Command verb) => [.. verb.Subcommands.Where(s => !s.Hidden).Select(s => s.Name)];

    private static List<string> Options(Command verb) =>
    [
        .. verb.Options.Where(o => !o.Hidden).Select(o => o.Name),
        .. VerbNotes.Above(verb).SelectMany(p => p.Options).Where(o => o.Recursive).Select(o => o.Name),
    ];
}
