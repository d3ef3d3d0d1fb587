using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;
using Backstop.Tests.House;

namespace Backstop.Tests.SpamRules;

/// <summary>The matcher that confirms what an automaton cannot know. Its limit is a number of steps.</summary>
public sealed class BacktrackingTests
{
    /// <summary>Counts of Perl 5.36.</summary>
    [Theory]
    [InlineData(@"\((?:[^()]++|(?R))*\)", "a (b (c) d) e (f", 1)]
    [InlineData(@"(\((?:[^()]++|(?1))*\))", "(a(b)) (c)", 2)]
    [InlineData(@"(?(DEFINE)(?<d>\d{2}))(?&d):(?&d)", "12:34 1:23", 1)]
    [InlineData(@"(?+1):(\d)", "1:2 3:4", 2)]
    [InlineData(@"(a)(?-1)", "aaa", 1)]
    [InlineData(@"(?P<x>a)(?P=x)(?P>x)", "aaaaaa", 2)]
    [InlineData(@"(a)?(?(1)b|c)", "ab c b", 2)]
    [InlineData(@"(?<q>"")?x(?(<q>)"")", "\"x\" x \"x", 3)]
    [InlineData(@"(?(?=a)a.|b)", "ax b c", 2)]
    [InlineData(@"(?(?!a)b|ac)", "ac b a", 2)]
    [InlineData(@"(?:x(?(R)y|z(?R)?))", "xzxy", 1)]
    [InlineData(@"\X", "a\r\nb", 3)]
    [InlineData(@"\R", "a\r\nb\nc", 2)]
    [InlineData(@"\N{U+41}\N{2}", "Abc A\n", 1)]
    [InlineData(@"[\N{U+41}b]", "Aab", 2)]
    [InlineData(@"\x{100}|a", "a", 1)]
    [InlineData(@"[\x{fe}-\x{100}a]", "a", 1)]
    [InlineData(@"ab\Kc", "abcabc", 2)]
    [InlineData(@"\Ga", "aaba", 2)]
    [InlineData(@"a(*FAIL)|b", "ab", 1)]
    [InlineData(@"(*pla:a)\w(*nlb:b)", "aba", 2)]
    [InlineData(@"(?<=a|bc)d", "ad bcd cd", 2)]
    [InlineData(@"(?<!ab|c)d", "abd cd d", 1)]
    [InlineData(@"a??", "a", 3)]
    [InlineData(@"(?:((?:^|a))){2}", "a\n a\n ", 2)]
    [InlineData(@"(?i)(a)\1", "aA Aa", 2)]
    public void Counts_what_Perl_counts(string pattern, string text, int expected) =>
        Assert.Equal(expected, CompiledPattern.Compile(pattern).Count(Octets.FromUnicode(text), 100));

    [Theory]
    [InlineData(@"\p{Lu}\P{Lu}", "Aa", true)]
    [InlineData(@"\p{Lu}", "a", false)]
    [InlineData(@"(?i)\p{Lu}", "a", true)]
    [InlineData(@"\pL\p{^L}", "a1", true)]
    [InlineData(@"[\p{Nd}x]{2}", "1x", true)]
    [InlineData(@"\p{Script=Latin}\p{IsSpace}\p{gc=Po}", "a !", true)]
    [InlineData(@"\p{L}", "\u00e9", true)] // 0xC3 is a letter in Latin-1, as it is for Perl
    [InlineData(@"\p{PosixAlpha}", "\u00e9", false)]
    [InlineData(@"\p{Cyrillic}", "\u0416", false)]
    public void Properties_are_those_of_Latin_1(string pattern, string text, bool expected) =>
        Assert.Equal(expected, CompiledPattern.Compile(pattern).IsMatch(Octets.FromUnicode(text)));

    [Fact]
    public void Memory_for_the_places_that_failed_counts_as_steps()
    {
        var pattern = CompiledPattern.Compile(@"(?:a|aa)+(?=x)");
        var (text, longText) = (new string('a', 40), new string('a', 40) + new string('d', 1_000_000));
        var (few, many) = (new MatchSteps(), new MatchSteps());
        Assert.False(pattern.IsMatch(text, few));
        Assert.False(pattern.IsMatch(longText, many));
        Assert.InRange(few.Used, 4000, 50_000);
        Assert.InRange(many.Used - few.Used, 120_000, 1_000_000);
    }

    /// <summary>What spamassassin --lint refuses.</summary>
    [Theory]
    [InlineData(@"/\QAlpha beta\E/")]
    [InlineData(@"/a\E/")]
    [InlineData(@"/\y/")]
    [InlineData(@"/[\y]/")]
    [InlineData(@"/alpha/gi")]
    [InlineData(@"/alpha/o")]
    [InlineData(@"/(?g)a/")]
    [InlineData(@"/won.{1,10]x/")]
    [InlineData(@"/alpha{/")]
    [InlineData(@"/[a]{x}/")]
    [InlineData(@"/(a){b/")]
    [InlineData(@"/a**/")]
    [InlineData(@"/a{2}{3}/")]
    [InlineData(@"/a{65535}/")]
    [InlineData(@"/^*a/")]
    [InlineData(@"/\b+a/")]
    [InlineData(@"/(?=a)*b/")]
    [InlineData(@"/[a-\d]/")]
    [InlineData(@"/[a-[:alpha:]]/")]
    [InlineData(@"/[:alpha:]/")]
    [InlineData(@"/[b-a]/")]
    [InlineData(@"/a\1/")]
    [InlineData(@"/(a)\2/")]
    [InlineData(@"/\k<n>/")]
    [InlineData(@"/(?5)a/")]
    [InlineData(@"/(?-1)(a)/")]
    [InlineData(@"/\g{-1}(a)/")]
    [InlineData(@"/(a)?(?(1)b|c|d)/")]
    [InlineData(@"/(?<1a>b)/")]
    [InlineData(@"/(?<=a*)b/")]
    [InlineData(@"/(?<=a{1,300})b/")]
    [InlineData(@"/(?<=\Ka)b/")]
    [InlineData(@"/\p{Foo}/")]
    [InlineData(@"/\b{wb}a/")]
    [InlineData(@"/\xg/")]
    [InlineData(@"/\x{zz}/")]
    [InlineData(@"/\o{9}/")]
    [InlineData(@"/\c!/")]
    [InlineData(@"/a\Cb/")]
    public void Refuses_what_SpamAssassin_refuses(string pattern) =>
        Assert.Throws<PatternException>(() => CompiledPattern.CompileDelimited(pattern));

    [Fact]
    public void Same_search_takes_the_same_steps()
    {
        var text = string.Concat(Enumerable.Repeat("aab aaab ", 500));
        Assert.Equal(StepsOf(@"(a+)b\1(?!c)", text), StepsOf(@"(a+)b\1(?!c)", text));
        Assert.InRange(StepsOf(@"(a+)b\1(?!c)", text), 1, 100_000);
    }

    [Fact]
    public void Pattern_that_backtracks_without_end_ends_at_its_steps()
    {
        var steps = new MatchSteps();
        var pattern = CompiledPattern.Compile(@"^((?:a+x?)+)\1c");
        Assert.Throws<StepsSpentException>(() => pattern.IsMatch(new string('a', 80) + "c", steps));
        Assert.InRange(steps.Used, MatchSteps.PerSearch, MatchSteps.PerSearch + 1000);
    }

    [Fact]
    public void Patterns_of_a_message_share_their_steps()
    {
        var steps = new MatchSteps(100);
        var pattern = CompiledPattern.Compile(@"(?<!b)a+b");
        var text = new string('a', 60) + "b";
        Assert.True(pattern.IsMatch(text, steps));
        Assert.Throws<StepsSpentException>(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                pattern.IsMatch(text, steps);
            }
        });
    }

    /// <summary>A header made for it must not switch off the rules that are tried behind those that it is dear for.</summary>
    [Fact]
    public void Dear_searches_leave_steps_for_the_cheap_ones()
    {
        var steps = new MatchSteps();
        var dear = CompiledPattern.Compile(@"^((?:a+x?)+)\1c");
        var bait = new string('a', 80) + "c";
        for (var i = 0; i < 20; i++)
        {
            Assert.Throws<StepsSpentException>(() => dear.IsMatch(bait, steps));
        }

        Assert.InRange(steps.Used, MatchSteps.PerMessage / 2, MatchSteps.PerMessage);
        Assert.True(CompiledPattern.Compile(@"(?<!b)a+b").IsMatch(new string('a', 60) + "b", steps));
    }

    /// <summary>
    /// A place that failed once is not tried again: nested repeats stay within their steps where nothing refers to a group.
    /// </summary>
    [Theory]
    [InlineData(@"(?:a+)+(?!b)c", 400)]
    [InlineData(@"(?:a|aa)+(?<=a)c", 2000)]
    [InlineData(@"(?:a*)(?:a*)(?:a*)(?:a*)(?<=x)c", 500)]
    [InlineData(@"(?:.*a){8}(?!x)c", 400)]
    public void Bait_for_backtracking_is_decided(string pattern, int length)
    {
        var text = new string('a', length) + "bc";
        var steps = new MatchSteps();
        Assert.Equal(0, CompiledPattern.Compile(pattern).Count(text, 10, steps));
        Assert.InRange(steps.Used, 0, MatchSteps.PerSearch);
    }

    [Fact]
    public void Calls_without_end_end() => Assert.False(CompiledPattern.Compile(@"(?:a|(?R)b)c").IsMatch("bbbbb"));

    /// <summary>No verdict may depend on how busy the machine is: where patterns are matched, no clock can be read.</summary>
    [Fact]
    public void Nothing_that_matches_patterns_knows_a_clock()
    {
        string[] clocks = ["TimeProvider", "Stopwatch", "TimeSpan", "DateTime", "DateTimeOffset", "Timer", "Regex"];
        var uses = new[] { typeof(CompiledPattern), typeof(Backstop.Automata.LazyDfa) }.SelectMany(t =>
        {
            using var code = new AssemblyCode(t.Assembly.Location);
            return code.TypeUses().ToList();
        }).ToLookup(u => u.From, u => u.To);

        // Expressions of our own code run on .NET's engine, whose time is linear in the text; nothing of the rules' may lead to them.
        string[] own = [nameof(PerlRegex), nameof(IpPatterns)];
        var reached = uses.Select(u => u.Key)
            .Where(t => t.Namespace == typeof(CompiledPattern).Namespace && !own.Contains(t.Name)).ToHashSet();
        for (var open = reached.ToList(); open.Count > 0;)
        {
            open = [.. open.SelectMany(t => uses[t]).Where(reached.Add)];
        }

        Assert.Contains(reached, t => t.Name == "LazyDfa");
        Assert.DoesNotContain(reached, t => clocks.Contains(t.Name));
    }

    private static long StepsOf(string pattern, string text)
    {
        var steps = new MatchSteps();
        CompiledPattern.Compile(pattern).Count(text, 1000, steps);
        return steps.Used;
    }
}
