using System.Collections.Concurrent;
using Backstop.Recipes.Language;
using Backstop.Recipes.Patterns;

namespace Backstop.Recipes.Running;

/// <summary>Rcfiles as they were read, and the expressions compiled for them: what one message leaves for the next.</summary>
/// <remarks>
/// Serves any number of runs at a time. Whoever runs recipes owns one, for as long as messages come; its memory is bounded, and what is
/// beyond the bounds is only read and compiled again. Runs for different users may share one: each host decides what it takes of a file
/// that was read before.
/// </remarks>
public sealed class RcProgram
{
    // More than anybody has: a name that follows from the mail, or a file that changes, must not leave its old ones for ever.
    private const int MaxFiles = 1000;
    private const int MaxExpressions = 2000;

    private readonly ConcurrentDictionary<string, (RcFileText Text, RcFile File)> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Pattern, bool IgnoreCase), RecipeRegex> _expressions = new();

    /// <summary>An rcfile, parsed anew only where its text is another than before; null where the host does not read it.</summary>
    /// <param name="host">Reads the rcfile.</param>
    /// <param name="path">An absolute path.</param>
    internal RcFile? Read(IRecipeHost host, string path)
    {
        var isKept = _files.TryGetValue(path, out var kept);
        if (host.ReadRcFile(path, kept.Text) is not { } text)
        {
            return null;
        }

        if (isKept && ReferenceEquals(text, kept.Text))
        {
            return kept.File;
        }

        if (!isKept && _files.Count >= MaxFiles)
        {
            _files.Clear();
        }

        var file = isKept && text.Text == kept.Text.Text ? kept.File : RcParser.Parse(path, text.Text);
        _files[path] = (text, file);
        return file;
    }

    /// <summary>
    /// An expression that stands in an rcfile as it is. What mail can write into one must not come here: it would be kept.
    /// </summary>
    /// <param name="pattern">One char an octet.</param>
    /// <param name="ignoreCase">Unless the recipe has flag D.</param>
    internal RecipeRegex Expression(string pattern, bool ignoreCase)
    {
        if (_expressions.TryGetValue((pattern, ignoreCase), out var known))
        {
            return known;
        }

        if (_expressions.Count >= MaxExpressions)
        {
            _expressions.Clear();
        }

        return _expressions.GetOrAdd((pattern, ignoreCase), static key => RecipeRegex.Parse(key.Pattern, key.IgnoreCase));
    }
}
