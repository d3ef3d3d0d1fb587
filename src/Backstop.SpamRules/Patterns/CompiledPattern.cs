using Backstop.Automata;
using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// One rule's pattern: the strings it needs, an automaton that decides in linear time, and a matcher that backtracks and counts its steps,
/// which only confirms what the automaton cannot know for certain, and counts. Each is made when first needed. Safe for many threads.
/// </summary>
internal sealed class CompiledPattern
{
    private readonly bool _isExact;
    private readonly ByteSet? _singleSet;
    private readonly Lazy<Nfa?> _nfa;
    private readonly Lazy<BacktrackingMatcher> _backtracking;
    private PatternMatcher? _matcher;

    private CompiledPattern(PatternNode node)
    {
        Node = node;
        CaptureNames = Names(node).ToList();
        Literals = RequiredLiterals.Of(node);
        _isExact = IsRegular(node);
        _singleSet = node is PatternNode.Concat { Parts: [PatternNode.Set set] } ? set.Bytes : null;
        _nfa = new Lazy<Nfa?>(() => PatternAutomaton.TryBuild(Node));
        _backtracking = new Lazy<BacktrackingMatcher>(() => new(PatternProgramBuilder.Build(Node)));
    }

    public PatternNode Node { get; }

    /// <summary>Every match holds one of these (lower case); null: no strings are needed.</summary>
    public IReadOnlyCollection<string>? Literals { get; }

    /// <summary>Named groups and their numbers.</summary>
    public IReadOnlyList<(string Name, int Number)> CaptureNames { get; }

    /// <summary>States before determinising; very many where there is no automaton.</summary>
    public int AutomatonSize => _nfa.Value?.Count ?? int.MaxValue;

    /// <summary>Whether a match has to be confirmed step by step.</summary>
    public bool MayRunOutOfSteps => !_isExact;

    /// <summary>Reads a pattern without delimiters.</summary>
    /// <exception cref="PatternException">The pattern is not Perl, or more than a filter can do.</exception>
    public static CompiledPattern Compile(string pattern, string modifiers = "") => new(PerlPatternParser.Parse(pattern, modifiers));

    /// <summary>Reads a pattern with its delimiters: <c>/…/i</c> or <c>m{…}x</c>.</summary>
    /// <exception cref="PatternException">As <see cref="Compile"/>.</exception>
    public static CompiledPattern CompileDelimited(string text)
    {
        var (pattern, modifiers) = DelimitedPattern.Split(text);
        return Compile(pattern, modifiers);
    }

    /// <summary>Whether the text has a match.</summary>
    /// <exception cref="StepsSpentException">The steps of the message, or of a search, are spent.</exception>
    public bool IsMatch(string text, MatchSteps? steps = null) => Decide(text) switch
    {
        false => false,
        true when _isExact => true,
        _ => Search(text, 1, steps) > 0,
    };

    /// <summary>Matches from left to right, at most <paramref name="max"/>.</summary>
    /// <exception cref="StepsSpentException">As <see cref="IsMatch"/>.</exception>
    public int Count(string text, int max, MatchSteps? steps = null)
    {
        if (_singleSet is { } set)
        {
            MessageBudget.Charge(text.Length);
            return CountOctets(text, set, max);
        }

        if (max == 1)
        {
            return IsMatch(text, steps) ? 1 : 0;
        }

        return Decide(text) == false ? 0 : Search(text, max, steps);
    }

    /// <summary>
    /// What the groups of the first match hold, by their numbers, null for one that took no part; null: there is no match.
    /// </summary>
    /// <exception cref="StepsSpentException">As <see cref="IsMatch"/>.</exception>
    public string?[]? Groups(string text, MatchSteps? steps = null) => AllGroups(text, 1, steps) is [var first, ..] ? first : null;

    /// <summary>As <see cref="Groups"/>, for at most <paramref name="max"/> matches.</summary>
    /// <exception cref="StepsSpentException">As <see cref="IsMatch"/>.</exception>
    public List<string?[]> AllGroups(string text, int max, MatchSteps? steps = null)
    {
        var groups = new List<string?[]>();
        if (Decide(text) != false)
        {
            Search(text, max, steps, groups);
        }

        return groups;
    }

    private bool? Decide(string text)
    {
        MessageBudget.Charge(text.Length);
        return _nfa.Value is { } nfa
            ? (Volatile.Read(ref _matcher) ?? Interlocked.CompareExchange(ref _matcher, new PatternMatcher(nfa), null) ?? _matcher)
            .IsMatch(text)
            : null;
    }

    // As Perl's //g: behind an empty match another match may begin at the same place, if it is not empty.
    private int Search(string text, int max, MatchSteps? steps, List<string?[]>? groups = null)
    {
        var scratch = MatchScratch.Take();
        var matcher = _backtracking.Value;
        steps ??= new MatchSteps();
        try
        {
            var (count, from, afterEmpty) = (0, 0, false);
            while (count < max && matcher.Find(text, from, afterEmpty, scratch, steps))
            {
                count++;
                var (start, end) = scratch.Whole;
                if (groups is not null)
                {
                    groups.Add(scratch.Texts(text));
                    MessageBudget.Charge(groups[^1].Sum(g => (long)(g?.Length ?? 0)));
                }

                (from, afterEmpty) = (end, start == end);
            }

            return count;
        }
        finally
        {
            scratch.GiveBack();
        }
    }

    private static int CountOctets(string text, ByteSet set, int max)
    {
        var count = 0;
        foreach (var c in text)
        {
            if (set.Contains((byte)c) && ++count >= max)
            {
                break;
            }
        }

        return count;
    }

    private static IEnumerable<(string Name, int Number)> Names(PatternNode node) =>
        (node is PatternNode.Capture { Name: { } name } capture ? [(name, capture.Number)] : Enumerable.Empty<(string, int)>())
        .Concat(PatternNode.Children(node).SelectMany(Names));

    /// <summary>
    /// Whether the automaton finds a match only where the pattern has one. An end before the last line end is looser in the
    /// automaton.
    /// </summary>
    private static bool IsRegular(PatternNode node) => node switch
    {
        PatternNode.Look or PatternNode.Backreference or PatternNode.Atomic or PatternNode.Conditional or PatternNode.Call => false,
        PatternNode.Repeat { Greediness: Greediness.Possessive } => false,
        PatternNode.Assertion { Kind: AssertionKind.TextEndOrLastLine or AssertionKind.SearchStart } => false,
        _ => PatternNode.Children(node).All(IsRegular),
    };
}
