using System.CommandLine;
using Backstop.Terminal;

namespace Backstop.Commands;

/// <summary>Repeats options that were given, for a command that a person is to run next.</summary>
internal static class GivenOptions
{
    /// <summary>Returns the options that stand on the command line, with their values, each after a blank.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The options that the next command takes.</param>
    public static string Of(ParseResult parsed, IEnumerable<Option> options) =>
        string.Concat(options.SelectMany(o => Words(parsed, o)).Select(w => " " + w));

    private static IEnumerable<string> Words(ParseResult parsed, Option option) =>
        parsed.GetResult(option) is not { Implicit: false } given ? []
            : given.Tokens.Count == 0 ? [option.Name]
            : given.Tokens.Select(t => t.Value.StartsWith('-')
                ? ShellWords.Quote($"{option.Name}={t.Value}")
                : $"{option.Name} {ShellWords.Quote(t.Value)}");
}
