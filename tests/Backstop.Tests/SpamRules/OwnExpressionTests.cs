using System.Reflection;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Scanning;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>
/// .NET's engine that does not backtrack misses matches of some patterns, such as b?a in "b a ba": none of our own expressions may
/// be one.
/// </summary>
public sealed class OwnExpressionTests
{
    public static TheoryData<string, RegexOptions> Expressions
    {
        get
        {
            var all = new TheoryData<string, RegexOptions>();
            foreach (var regex in typeof(SpamScanner).Assembly.GetTypes().SelectMany(OwnOf).Distinct())
            {
                all.Add(regex.Pattern, regex.Options);
            }

            return all;
        }
    }

    /// <summary>
    /// The shape of those that are known to be wrong: where its first part is there and the rest is not, a later match is taken for
    /// the first.
    /// </summary>
    [Theory]
    [MemberData(nameof(Expressions))]
    public void None_begins_with_a_part_that_may_be_missing(string pattern, RegexOptions options) =>
        Assert.False(MayLackItsFirst(PerlPatternParser.Parse(Named(pattern), "")), $"{pattern} ({options}): write (?:|x) for x?");

    // A group may bear a number in .NET, not in Perl.
    private static string Named(string pattern) => pattern.Replace("(?<1>", "(?<one>", StringComparison.Ordinal);

    [Theory]
    [InlineData("b?a", true)]
    [InlineData("\\b(?:bc)?a", true)]
    [InlineData("x|(?:b|c|)a", true)]
    [InlineData("(?:|b)a", false)]
    [InlineData("b*ac?", false)]
    [InlineData("(?:^|b)a", false)]
    public void That_shape_is_known(string pattern, bool isWrong) =>
        Assert.Equal(isWrong, MayLackItsFirst(PerlPatternParser.Parse(pattern, "")));

    [Fact]
    public void All_are_looked_at() => Assert.InRange(Expressions.Count, 100, 1000);

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Both_engines_find_the_same(string pattern, RegexOptions options)
    {
        var linear = new Regex(pattern, options, Regex.InfiniteMatchTimeout);
        var other = new Regex(pattern, options & ~RegexOptions.NonBacktracking, TimeSpan.FromSeconds(5));

        var own = new PerlRegex(pattern, options & ~RegexOptions.NonBacktracking);

        // What the pattern is written with, and what stands around it in mail.
        var pieces = Regex.Matches(pattern, @"[A-Za-z]{2,}|[^\\]", RegexOptions.None, TimeSpan.FromSeconds(5)).Select(m => m.Value)
            .Concat(["a", "b ", "1", "2.", " ", "\n", "=", "\"", "x.y", "@"]).ToArray();
        Gen.OneOf(pieces.Select(p => Gen.Const(p)).ToArray()).Array[0, 14].Sample(
            parts =>
            {
                var text = string.Concat(parts);
                var places = Places(linear, text).ToList();
                return places.SequenceEqual(Places(other, text)) && (places.Count == 0 || own.MayMatch(text));
            },
            iter: 300, threads: 1);
    }

    /// <summary>Most of them are never compiled in a process that reads ordinary mail.</summary>
    [Fact]
    public void Most_need_a_string_that_ordinary_text_does_not_hold()
    {
        var all = Expressions.Select(e => e.Data).ToList();
        var passedOver = all.Count(e => !new PerlRegex(e.Item1, e.Item2 & ~RegexOptions.NonBacktracking).MayMatch("Hello"));
        Assert.InRange(passedOver, all.Count / 2, all.Count);
    }

    /// <summary>What a form needs stands in a certain order; a word of it ends at the first blank.</summary>
    [Theory]
    [InlineData("^\\S+ \\(\\d+\\) by \\S+", "a (1) by b", true)]
    [InlineData("^\\S+ \\(\\d+\\) by \\S+", "a b (1) by b", false)]
    [InlineData("^\\S+ \\(\\d+\\) by \\S+", "a (x) by b", false)]
    [InlineData("^\\S+ \\(\\d+\\) by \\S+", "\uE0E4 (1) by b", true)]
    [InlineData("^\\S+\\[\\d+\\] by", "a[b[1] by", true)]
    [InlineData("a.*b", "b a", false)]
    [InlineData("a.*b", "b a b", true)]
    [InlineData("^(?:a|b)x", "bx", true)]
    [InlineData("^(?:a|b)x", "cx", false)]
    [InlineData("^(?:a|)x y", "x y", true)]
    public void What_a_match_needs_stands_in_its_order(string pattern, string text, bool mayMatch) =>
        Assert.Equal(mayMatch, RequiredOrder.Of(PerlPatternParser.Parse(pattern, ""))?.MayMatch(text, 0) ?? true);

    private static IEnumerable<(int Index, int Length)> Places(Regex regex, string text) =>
        regex.Matches(text).Select(m => (m.Index, m.Length));

    private static IEnumerable<(string Pattern, RegexOptions Options)> OwnOf(Type type)
    {
        if (type.ContainsGenericParameters)
        {
            yield break;
        }

        foreach (
            var field in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
        {
            var value = typeof(PerlRegex).IsAssignableFrom(field.FieldType)
                || typeof(IEnumerable<PerlRegex>).IsAssignableFrom(field.FieldType)
                ? field.GetValue(null)
                : null;
            foreach (var own in value is PerlRegex one ? [one] : value as IEnumerable<PerlRegex> ?? [])
            {
                if (own.Expression is { } regex && regex.Options.HasFlag(RegexOptions.NonBacktracking))
                {
                    yield return (regex.ToString(), regex.Options);
                }
            }
        }
    }

    private static bool MayLackItsFirst(PatternNode node) => node switch
    {
        PatternNode.Concat { Parts: [PatternNode.Assertion { Kind: not AssertionKind.TextStart }, ..] } behind =>
            MayLackItsFirst(new PatternNode.Concat([.. behind.Parts.Skip(1)])),
        PatternNode.Concat { Parts: [var first, _, ..] } => IsOptional(first) || MayLackItsFirst(first),
        PatternNode.Concat { Parts: [var only] } => MayLackItsFirst(only),
        PatternNode.Alternate alternate => alternate.Choices.Any(MayLackItsFirst),
        PatternNode.Capture capture => MayLackItsFirst(capture.Body),
        PatternNode.Repeat { Min: > 0 } repeat => MayLackItsFirst(repeat.Body),
        _ => false,
    };

    private static bool IsOptional(PatternNode node) => node switch
    {
        PatternNode.Repeat { Min: 0, Max: 1, Greediness: Greediness.Greedy } => true,
        PatternNode.Alternate alternate => alternate.Choices.Skip(1).Any(c => c is PatternNode.Concat { Parts: [] }),
        PatternNode.Capture capture => IsOptional(capture.Body),
        _ => false,
    };
}
