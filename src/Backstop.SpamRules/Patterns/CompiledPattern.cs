using System.Text.RegularExpressions;
using Backstop.Automata;
using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// One rule's pattern: the strings it needs, an automaton that decides in linear time, and .NET's engine, which only confirms
/// what the automaton cannot know for certain, and counts. Each is made when first needed. Safe for many threads.
/// </summary>
internal sealed class CompiledPattern
{
    /// <summary>The last resort against a pattern that backtracks without end.</summary>
    private static readonly TimeSpan _confirmLimit = TimeSpan.FromMilliseconds(12);

    private const int MaxTries = 8;

    /// <summary>
    /// A pattern .NET has to run so often is worth compiling, if it is not one of the giants, which compiling makes slower.
    /// </summary>
    private const int CompileAfter = 300;
    private const int LongestCompiled = 600;

    private readonly bool _isExact;
    private readonly ByteSet? _singleSet;
    private readonly Lazy<Nfa?> _nfa;
    private readonly Lazy<string> _dotNet;
    private readonly Lazy<Regex?> _linear;
    private Regex? _regex;
    private PatternMatcher? _matcher;
    private int _regexUses;

    private CompiledPattern(PatternNode node)
    {
        Node = node;
        CaptureNames = Names(node).ToList();
        Literals = RequiredLiterals.Of(node);
        _isExact = IsRegular(node);
        _singleSet = node is PatternNode.Concat { Parts: [PatternNode.Set set] } ? set.Bytes : null;
        _nfa = new Lazy<Nfa?>(() => PatternAutomaton.TryBuild(Node));
        _dotNet = new Lazy<string>(() => DotNetPattern.Write(Node, CaptureNames.Count > 0));
        _linear = new Lazy<Regex?>(() => _isExact ? Linear() : null);
    }

    public PatternNode Node { get; }

    /// <summary>Every match holds one of these (lower case); null: no strings are needed.</summary>
    public IReadOnlyCollection<string>? Literals { get; }

    /// <summary>Named groups and their numbers; .NET's groups bear the numbers.</summary>
    public IReadOnlyList<(string Name, int Number)> CaptureNames { get; }

    /// <summary>States before determinising; very many where there is no automaton.</summary>
    public int AutomatonSize => _nfa.Value?.Count ?? int.MaxValue;

    /// <summary>Whether .NET confirms it with an engine that backtracks, and there is no other.</summary>
    public bool MayRunOutOfTime => _linear.Value is null;

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

    /// <summary>Does the text hold a match?</summary>
    /// <exception cref="RegexMatchTimeoutException">The confirmation ran out of its time.</exception>
    public bool IsMatch(string text)
    {
        var found = Decide(text);
        return found != false && ((_isExact && found == true) || Confirm(text, static (engine, text) => engine.IsMatch(text)));
    }

    /// <summary>Matches from left to right, at most <paramref name="max"/>.</summary>
    /// <exception cref="RegexMatchTimeoutException">The confirmation ran out of its time.</exception>
    public int Count(string text, int max)
    {
        if (_singleSet is { } set)
        {
            MessageBudget.Charge(text.Length);
            return CountOctets(text, set, max);
        }

        if (max == 1 || Decide(text) == false)
        {
            return max == 1 && IsMatch(text) ? 1 : 0;
        }

        return Confirm(text, (engine, text) => Count(engine, text, max));
    }

    /// <summary>The first match, for those who need its place or its groups.</summary>
    /// <exception cref="RegexMatchTimeoutException">The confirmation ran out of its time.</exception>
    public Match Match(string text) =>
        Decide(text) == false ? System.Text.RegularExpressions.Match.Empty : Confirm(text, static (engine, text) => engine.Match(text));

    private bool? Decide(string text)
    {
        MessageBudget.Charge(text.Length);
        return _nfa.Value is { } nfa
            ? (Volatile.Read(ref _matcher) ?? Interlocked.CompareExchange(ref _matcher, new PatternMatcher(nfa), null) ?? _matcher)
            .IsMatch(text)
            : null;
    }

    // .NET's engine that does not backtrack counts wrong for some patterns: b?a is not found in "b a" of "b a ba". It has its say
    // where it is right, and where a text is too dear for the other.
    private T Confirm<T>(string text, Func<Regex, string, T> match)
    {
        var engine = Engine();
        if (engine.Options.HasFlag(RegexOptions.NonBacktracking))
        {
            return match(engine, text);
        }

        try
        {
            return MessageBudget.MayTry ? Backtrack(engine, text, match) : throw new RegexMatchTimeoutException();
        }
        catch (RegexMatchTimeoutException) when (_linear.Value is not null)
        {
            MessageBudget.ChargeMuch();
            return match(_linear.Value, text);
        }
    }

    // The limit is of wall time, and on a busy machine little of it may have been ours: then the mail is not at fault, and is tried
    // again. Where no budget runs nobody knows how much was ours.
    private static T Backtrack<T>(Regex engine, string text, Func<Regex, string, T> match)
    {
        for (var tries = 1; ; tries++)
        {
            var began = MessageBudget.Clock();
            try
            {
                return match(engine, text);
            }
            catch (RegexMatchTimeoutException) when (
                tries < MaxTries && (began is null || MessageBudget.Clock() - began < _confirmLimit / 2))
            {
                MessageBudget.ChargeMuch();
            }
            finally
            {
                if (began is { } start && MessageBudget.Clock() is { } now)
                {
                    MessageBudget.Backtracked(now - start);
                }
            }
        }
    }

    private static int Count(Regex engine, string text, int max)
    {
        var count = 0;
        foreach (var _ in engine.EnumerateMatches(text))
        {
            if (++count >= max)
            {
                break;
            }
        }

        return count;
    }

    private Regex Engine()
    {
        var regex = Volatile.Read(ref _regex);
        if (regex is null)
        {
            regex = (_isExact && IsPlain(Node) ? _linear.Value : null)
                ?? new Regex(_dotNet.Value, RegexOptions.CultureInvariant, _confirmLimit);
            Volatile.Write(ref _regex, regex);
        }

        if (Interlocked.Increment(ref _regexUses) == CompileAfter && _dotNet.Value.Length <= LongestCompiled
            && !regex.Options.HasFlag(RegexOptions.NonBacktracking))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static self => self.CompileEngine(), this, preferLocal: false);
        }

        return regex;
    }

    /// <summary>What is regular can be counted without backtracking; null for a pattern too large for it.</summary>
    private Regex? Linear()
    {
        try
        {
            return new Regex(_dotNet.Value, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private void CompileEngine() =>
        Volatile.Write(ref _regex, new Regex(_dotNet.Value, RegexOptions.CultureInvariant | RegexOptions.Compiled, _confirmLimit));

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
        .Concat(DotNetPattern.Children(node).SelectMany(Names));

    /// <summary>The automaton says yes only when the pattern does. An end before the last line end is looser in the automaton.</summary>
    private static bool IsRegular(PatternNode node) => node switch
    {
        PatternNode.Look or PatternNode.Backreference or PatternNode.Atomic => false,
        PatternNode.Repeat { Greediness: Greediness.Possessive } => false,
        PatternNode.Assertion { Kind: AssertionKind.TextEndOrLastLine } => false,
        _ => DotNetPattern.Children(node).All(IsRegular),
    };

    /// <summary>Nothing in it may match nothing: then .NET's engine that does not backtrack counts right.</summary>
    private static bool IsPlain(PatternNode node) =>
        node is not PatternNode.Assertion && (node is PatternNode.Concat || !PatternWidth.CanBeEmpty(node))
            && DotNetPattern.Children(node).All(IsPlain);
}
