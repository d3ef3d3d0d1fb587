using System.Collections.Concurrent;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>
/// Expressions that rules hand to functions. They are read when the rules are compiled, so a rule with one that cannot be read is reported
/// with its line and left out, and no scan meets it.
/// </summary>
internal static class EvalPatterns
{
    private static readonly PerlRegex _delimited = new("^(?:/|(?:m|qr)\\W)");

    private static readonly ConcurrentDictionary<string, CompiledPattern> _compiled = new(StringComparer.Ordinal);

    /// <summary>Function to the place of its expression among the arguments.</summary>
    private static readonly Dictionary<string, int> _places = new(StringComparer.Ordinal)
    {
        ["check_freemail_body"] = 0,
        ["check_freemail_from"] = 0,
        ["check_freemail_header"] = 1,
        ["html_text_match"] = 1,
        ["html_text_not_match"] = 1,
        ["image_name_regex"] = 0,
        ["pdf_match_details"] = 1,
        ["pdf_name_regex"] = 0,
    };

    /// <summary>Reads the expression among the arguments of a call, if its function takes one.</summary>
    /// <exception cref="PatternException">It cannot be read; the message says why.</exception>
    public static void Check(string function, IReadOnlyList<string> arguments)
    {
        if (_places.TryGetValue(function, out var place) && place < arguments.Count)
        {
            _ = function.StartsWith("pdf_", StringComparison.Ordinal) ? GetDelimited(arguments[place]) : Get(arguments[place]);
        }
    }

    /// <summary>The compiled form of an expression, which stands without delimiters.</summary>
    public static CompiledPattern Get(string pattern) => _compiled.GetOrAdd(pattern, static p => CompiledPattern.Compile(p));

    /// <summary>The compiled form of an expression that stands with delimiters or without.</summary>
    public static CompiledPattern GetDelimited(string pattern) => !_delimited.IsMatch(pattern)
        ? Get(pattern)
        : _compiled.GetOrAdd("\0" + pattern, static p => CompiledPattern.CompileDelimited(p[1..]));
}
