using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Uris;

/// <summary>
/// The patterns of <c>redirector_pattern</c>: where a URI leads that only leads elsewhere. One pass picks the few that have to be
/// tried.
/// </summary>
internal sealed class Redirectors
{
    private readonly List<PerlRegex> _regexes = [];
    private readonly PatternGroup _group;

    /// <summary>Compiles them.</summary>
    /// <param name="patterns">With delimiters, in the order of their files.</param>
    /// <param name="report">Told what is wrong with each that is left out.</param>
    public Redirectors(IEnumerable<string> patterns, Action<string> report)
    {
        var compiled = new List<CompiledPattern>();
        foreach (var text in patterns)
        {
            try
            {
                var (pattern, modifiers) = DelimitedPattern.Split(text);
                var node = CompiledPattern.Compile(pattern, modifiers);

                // The target is the first group, which must be kept: it gets a name.
                _regexes.Add(PerlRegex.OfRule(DotNetPattern.Write(node.Node, keepGroup: 1)));
                compiled.Add(node);
            }
            catch (PatternException error)
            {
                report(error.Message);
            }
        }

        _group = new(compiled);
    }

    /// <summary>Where the first pattern that matches sends; null for none.</summary>
    /// <param name="uri">A URI with its scheme.</param>
    public string? Target(string uri)
    {
        Span<ulong> candidates = stackalloc ulong[_group.Words];
        _group.Find(uri, candidates);
        for (var i = 0; i < _regexes.Count; i++)
        {
            if ((candidates[i >> 6] >> (i & 63) & 1) != 0 && _regexes[i].Match(uri) is { Success: true } match
                && match.Groups["1"] is { Success: true } target
                && target.Value.Contains('.', StringComparison.Ordinal))
            {
                return target.Value;
            }
        }

        return null;
    }
}
