using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;
using CsCheck;

namespace Backstop.Tests.SpamRules;

public sealed class PatternTests
{
    [Theory]
    [InlineData("/foo/", "a foo b", true)]
    [InlineData("/FOO/i", "a foo b", true)]
    [InlineData("/q[^u]/i", "QUALCOMM", false)]
    [InlineData("/q[^u]/i", "qz", true)]
    [InlineData("/\\bcat\\b/", "concat", false)]
    [InlineData("/\\bcat\\b/", "a cat.", true)]
    [InlineData("/^b/m", "a\nb", true)]
    [InlineData("/^$/m", "a\n", false)]
    [InlineData("/a$/", "a\n", true)]
    [InlineData("/a\\z/", "a\n", false)]
    [InlineData("/a$/", "a\nb", false)]
    [InlineData("m{a/b}", "xa/b", true)]
    [InlineData("m!a\\!b!", "a!b", true)]
    [InlineData("/a{2,3}+a/", "aaa", false)]
    [InlineData("/(?>a+)a/", "aaaa", false)]
    [InlineData("/a++b/", "aaab", true)]
    [InlineData("/(?i:A)b/", "ab", true)]
    [InlineData("/(?i)ab(?-i)C/", "ABc", false)]
    [InlineData("/(a)(?:b)\\1/", "aba", true)]
    [InlineData("/(?<x>a|b)c\\k<x>/", "bcb", true)]
    [InlineData("/(?|(a)|(b))\\1/", "bb", true)]
    [InlineData("/[[:punct:]]{2}/", "a.,b", true)]
    [InlineData("/[]a]/", "]", true)]
    [InlineData("/[a\\]b-d]{3}/", "]cd", true)]
    [InlineData("/a{,2}b\\{x}/", "ab{x}", true)]
    [InlineData("/{a|({b)|^{c/", "{b", true)]
    [InlineData("/^a{ 1, 2 }$/", "aa", true)]
    [InlineData("/\\x41\\x{42}\\103/", "ABC", true)]
    [InlineData("/ a # comment\n b /x", "ab", true)]
    [InlineData("/(?!foo)...bar/", "foobar", false)]
    [InlineData("/(?<=foo)bar/", "foobar", true)]
    [InlineData("/a.b/", "a\nb", false)]
    [InlineData("/a.b/s", "a\nb", true)]
    [InlineData("/\\W\\D\\S/", "!x1", true)]
    public void Patterns_mean_what_Perl_means(string pattern, string text, bool expected) =>
        Assert.Equal(expected, CompiledPattern.CompileDelimited(pattern).IsMatch(Octets.FromUnicode(text)));

    [Theory]
    [InlineData("/\\w/", "\u00e9", false)] // a letter, but its octets are no ASCII letters
    [InlineData("/\\xc3\\xa9/", "\u00e9", true)]
    [InlineData("/^..$/", "\u00e9", true)]
    [InlineData("/\\s/", "\u00a0", false)]
    [InlineData("/[\\x80-\\xff]{2}/", "\u00e9", true)]
    [InlineData("/\\xe3/i", "\u00e9", true)] // Perl's /aai folds 0xC3 and 0xE3, half characters though they are
    public void Classes_are_ASCII_and_octets_count(string pattern, string text, bool expected) =>
        Assert.Equal(expected, CompiledPattern.CompileDelimited(pattern).IsMatch(Octets.FromUnicode(text)));

    [Theory]
    [InlineData("/a(/", "group without end")]
    [InlineData("/a)/", "unmatched )")]
    [InlineData("/*a/", "quantifier follows nothing")]
    [InlineData("/[a/", "[ without ]")]
    [InlineData("/(?{ code })/", "(?{")]
    [InlineData("foo", "no delimiters")]
    [InlineData("/foo", "no closing /")]
    public void What_cannot_be_read_is_said(string pattern, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<PatternException>(() => CompiledPattern.CompileDelimited(pattern)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("(?:a+|\\A?){2}", "ba", 3)]
    [InlineData("(?:a+|\\z?){2}", "ba", 3)]
    [InlineData("(?:a+|$?){2}", "b\n", 3)]
    [InlineData("(?:^a)+", "aa\na", 1)]
    public void Matches_are_as_many_as_Perl_finds(string pattern, string text, int expected)
    {
        var compiled = CompiledPattern.Compile(pattern);
        Assert.True(compiled.IsMatch(text));
        Assert.Equal(expected, compiled.Count(text, 1000));
    }

    /// <summary>What .NET's engine that does not backtrack gets wrong.</summary>
    [Theory]
    [InlineData("b?a", "b a ba", 2)]
    [InlineData("(?:x|)y", "x y xy", 2)]
    [InlineData("a?b?c", "ab c ac c", 3)]
    [InlineData("(?:[ab]?|\\b|[^a]).", " A \n", 3)]
    public void Every_match_is_counted(string pattern, string text, int count) =>
        Assert.Equal(count, CompiledPattern.Compile(pattern).Count(text, 100));

    [Fact]
    public void Matcher_and_dot_net_agree() => Gen.Select(
        Expression(3, _regular.Concat(_others)), Gen.String[Gen.Char["abA \n"], 0, 12]).Sample((pattern, text) =>
    {
        if (Read(pattern) is not { } compiled)
        {
            return true;
        }

        var regex = new Regex(DotNetPattern.Write(compiled.Node), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        return compiled.IsMatch(text) == regex.IsMatch(text)
            // Behind an empty match .NET looks one octet on, Perl at the same place.
            && (PatternWidth.CanBeEmpty(compiled.Node) || compiled.Count(text, 1000) == regex.Count(text));
    });

    /// <summary>Null for what Perl refuses, as a repeated assertion.</summary>
    private static CompiledPattern? Read(string pattern)
    {
        try
        {
            return CompiledPattern.Compile(pattern);
        }
        catch (PatternException)
        {
            return null;
        }
    }

    [Fact]
    public void Needed_strings_stand_in_every_match() => Gen.Select(
        Expression(3, _regular.Concat(_others)), Gen.String[Gen.Char["abA "], 0, 12]).Sample((pattern, text) =>
    {
        return Read(pattern) is not { } compiled || compiled.Literals is not { } literals || !compiled.IsMatch(text)
            || literals.Any(l => text.Contains(l, StringComparison.OrdinalIgnoreCase));
    });

    [Fact]
    public void A_group_finds_what_each_finds() => Gen.Select(
        Expression(2, _regular.Concat(_others)).Array[1, 30], Gen.String[Gen.Char["abA \n"], 0, 20]).Sample((patterns, text) =>
    {
        var compiled = patterns.Select(Read).OfType<CompiledPattern>().ToList();
        var group = new PatternGroup(compiled);
        Span<ulong> found = stackalloc ulong[group.Words];
        group.Find(text, found);
        for (var i = 0; i < compiled.Count; i++)
        {
            if (compiled[i].IsMatch(text) && (found[i >> 6] >> (i & 63) & 1) == 0)
            {
                return false;
            }
        }

        return true;
    });

    [Fact]
    public void Scanner_finds_exactly_the_strings_that_are_there() =>
        Gen.Select(Gen.String[Gen.Char["abc"], 1, 4].Array[1, 12], Gen.String[Gen.Char["abcABC"], 0, 30]).Sample((literals, text) =>
        {
            var scanner = LiteralScanner.Build(literals.Select((l, i) => (l, i)));
            var found = new ulong[1];
            scanner.Scan(text, found);
            return literals.Select((l, i) => text.Contains(l, StringComparison.OrdinalIgnoreCase) == ((found[0] >> i & 1) != 0))
                .All(same => same);
        });

    [Fact]
    public void Bait_for_backtracking_is_decided_by_the_automaton()
    {
        var pattern = CompiledPattern.Compile("(?:a+)+$|(?:a|aa)+b|(?:.*a){12}c");
        Assert.False(pattern.IsMatch(new string('a', 20_000) + "!"));
    }

    [Fact]
    public void Automaton_that_fills_up_begins_anew()
    {
        var pattern = CompiledPattern.Compile("(?:a|b){0,18}a(?:a|b){14}x");
        var random = new Random(7);
        var text = string.Concat(Enumerable.Range(0, 60_000).Select(_ => random.Next(2) == 0 ? 'a' : 'b'));
        Assert.False(pattern.IsMatch(text));
        Assert.True(pattern.IsMatch(text + "a" + text[..14] + "x"));
    }

    private static readonly string[] _regular = ["(?:%)*", "(?:%)+", "(?:%)?", "(?:%){2}", "(?:%){1,3}", "(?:%)*?", "(?:%){0,2}?", "(%)"];

    private static readonly string[] _others =
        ["(?=%)", "(?!%)", "(?<=a|b%{0})", "(?<![ab])", "(?>%)", "(?:%)++", "(?:%)?+", "(%)\\1", "(%)?(?:a|\\1)", "(?:%)*+"];

    /// <summary>Patterns over a small alphabet.</summary>
    private static Gen<string> Expression(int depth, IEnumerable<string> forms)
    {
        var atom = Gen.OneOf("a", "b", "A", "[ab]", "[^a]", ".", "\\w", "\\s", "\\b", "^", "$", "(?i:a)", "(?m:^)", "\\z");
        if (depth == 0)
        {
            return atom;
        }

        var inner = Expression(depth - 1, forms);
        return Gen.OneOf(
            atom,
            Gen.Select(inner, inner, (x, y) => x + y),
            Gen.Select(inner, inner, (x, y) => $"(?:{x}|{y})"),
            Gen.Select(inner, Gen.OneOf([.. forms.Select(Gen.Const)]), (x, form) => form.Replace("%", x, StringComparison.Ordinal)));
    }
}
