using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// The patterns of <c>redirector_pattern</c>: where a URI leads that only leads elsewhere. One pass picks the few that have to be
/// tried.
/// </summary>
internal sealed class Redirectors
{
    /// <summary>The step limit for all patterns over one URI; no URI in real mail takes a thousand.</summary>
    private const int StepsPerUri = 200_000;

    private readonly PatternGroup _group;

    /// <summary>Compiles the patterns.</summary>
    /// <param name="patterns">With delimiters, in the order of their files.</param>
    /// <param name="report">Told what is wrong with each that is left out.</param>
    public Redirectors(IEnumerable<string> patterns, Action<string> report)
    {
        var compiled = new List<CompiledPattern>();
        foreach (var text in patterns)
        {
            try
            {
                compiled.Add(CompiledPattern.CompileDelimited(text));
            }
            catch (PatternException error)
            {
                report(error.Message);
            }
        }

        _group = new(compiled);
    }

    /// <summary>Returns the target that the first matching pattern finds; null if none matches.</summary>
    /// <param name="uri">A URI with its scheme.</param>
    public string? Target(string uri)
    {
        Span<ulong> candidates = stackalloc ulong[_group.Words];
        _group.Find(uri, candidates);
        var steps = new MatchSteps(StepsPerUri);
        try
        {
            for (var i = 0; i < _group.Count; i++)
            {
                // The target is the first group.
                if ((candidates[i >> 6] >> (i & 63) & 1) != 0 && _group[i].Groups(uri, steps) is [_, { } target, ..]
                    && target.Contains('.', StringComparison.Ordinal))
                {
                    return target;
                }
            }
        }
        catch (StepsSpentException)
        {
            // A URI made to be expensive counts as leading nowhere.
        }

        return null;
    }
}
