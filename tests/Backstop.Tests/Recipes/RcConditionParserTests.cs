using System.Globalization;
using Backstop.Recipes.Language;
using Backstop.Recipes.Running;
using CsCheck;

namespace Backstop.Tests.Recipes;

public class RcConditionParserTests
{
    private static readonly string[] _pieces =
    [
        "!", "$", " ", "\t", "?", "<", ">", "^", "\\", "\"", "`", "{", "}", "1^0", "1^", "-2.5^.5", "Infinity^1", "NaN^0",
        "1^0 ", "B ??", "HB ?? ", "FO", "O", "FOO??", "??", "_", "9",
        "$A", "$\\A", "${A}", "$A$B", "${B:-x}", "$$", "$=", "$9", "^From:.*a\\.b", "text", "(", ")", "*",
    ];

    private static readonly string[] _values = [
        "", " ", "!", "$", "$ ", "?", "<", "1", "1^0 ", "^0", "B ??", "O ??", " ??", "?? x", "\\", "\\<", "a.b", "`x`", "$\\B", "x"];

    /// <summary>What is told apart, and what is left as text. A pipe stands before the test.</summary>
    [Theory]
    [InlineData("", "| regex ''")]
    [InlineData("^Subject: a", "| regex '^Subject: a'")]
    [InlineData("! ^Subject", "! | regex '^Subject'")]
    [InlineData("!! \t!x", "! | regex 'x'")]
    [InlineData("\\/x", "| regex '/x'")]
    [InlineData("\\!x", "| regex '!x'")]
    [InlineData("? test -f x", "| program ' test -f x'")]
    [InlineData("!? x", "! | program ' x'")]
    [InlineData("< 256k", "| size < ' 256k'")]
    [InlineData("! > $MAX", "! | size > ' $MAX'")]
    [InlineData("1^0 a", "1^0 | regex 'a'")]
    [InlineData("-1.5^+.5", "-1.5^0.5 | regex ''")]
    [InlineData("Infinity^1 a", "Infinity^1 | regex 'a'")]
    [InlineData("1^0a", "| regex '1^0a'")]
    [InlineData("1^ a", "| regex '1^ a'")]
    [InlineData("^0 a", "| regex '^0 a'")]
    [InlineData("a^0 b", "| regex 'a^0 b'")]
    [InlineData("1..2^0 b", "| regex '1..2^0 b'")]
    [InlineData("1^0 2^0 a", "1^0 | regex '2^0 a'")]
    [InlineData("2^0 ! B ?? < 5", "! 2^0 Body | size < ' 5'")]
    [InlineData("B ?? 2^0 x", "2^0 Body | regex 'x'")]
    [InlineData("H??x", "Header | regex 'x'")]
    [InlineData("BH \t?? x", "Header, Body | regex 'x'")]
    [InlineData("HB ?? x", "Header, Body | regex 'x'")]
    [InlineData("MATCH ?? ^a", "MATCH | regex '^a'")]
    [InlineData("B ?? _A9 ?? ! x", "! _A9 | regex 'x'")]
    [InlineData("9A ?? x", "| regex '9A ?? x'")]
    [InlineData("A ? x", "| regex 'A ? x'")]
    [InlineData("?? x", "| program '? x'")]
    [InlineData("$ ^To:.*$\\ME", "| expand ' ^To:.*$\\ME' -> | regex '^To:.*$\\ME'")]
    [InlineData("! $ ! 1^0 B ?? $X", "! | expand ' ! 1^0 B ?? $X' -> 1^0 Body | unknown '$X'")]
    [InlineData("$ ? test $X", "| expand ' ? test $X' -> | program ' test $X'")]
    [InlineData("$ > $X", "| expand ' > $X' -> | size > ' $X'")]
    [InlineData("$NAME", "| expand 'NAME' -> | regex 'NAME'")]
    [InlineData("$ $NAME ?? x", "| expand ' $NAME ?? x' -> | unknown '$NAME ?? x'")]
    [InlineData("$ $ x", "| expand ' $ x' -> | regex 'x'")]
    [InlineData("$ FO$X ?? x", "| expand ' FO$X ?? x' -> | unknown 'FO$X ?? x'")]
    [InlineData("$ 1^0$X x", "| expand ' 1^0$X x' -> | unknown '1^0$X x'")]
    [InlineData("$ \\$X", "| expand ' \\$X' -> | unknown '\\$X'")]
    [InlineData("$ `x`", "| expand ' `x`' -> | unknown '`x`'")]
    public void Parses(string text, string expected)
    {
        var condition = RcConditionParser.Parse(new(text, new(3, 5)));
        Assert.Equal(expected, Show(condition));
        Assert.Equal(new(text, new(3, 5)), condition.Written.Source);
    }

    /// <summary>A rcfile of one endless line is read in time that grows with it, and on a stack that does not.</summary>
    [Theory]
    [InlineData("!")]
    [InlineData("$")]
    [InlineData("A ??")]
    [InlineData("1")]
    [InlineData("a ")]
    public void Reads_a_line_of_a_million_chars(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        Assert.Equal(text, RcConditionParser.Parse(new(text, new(1, 1))).Source.Text);
    }

    [Fact]
    public void A_condition_knows_its_place_in_the_file_also_when_it_is_expanded()
    {
        var recipe = Assert.IsType<RcRecipe>(Assert.Single(RcParser.Parse("rc", "# comment\n:0\n* ^a\n* $ \\\n   ! $X\nbox\n").Statements));
        Assert.Equal([new(3, 3), new(4, 3)], recipe.Conditions.Select(c => c.Source.At));
        Assert.Equal(new RcPosition(4, 3), RcConditionParser.ParseExpanded(recipe.Conditions[1], " ! b").Source.At);
    }

    /// <summary>
    /// What a lint takes a condition for, a run takes it for, whatever the variables are; where they decide, the lint says that it
    /// does not know.
    /// </summary>
    [Fact]
    public void Lint_and_run_agree_on_the_kind()
    {
        var text = Gen.Int[0, _pieces.Length - 1].Select(i => _pieces[i]).Array[0, 8].Select(string.Concat);
        var value = Gen.Int[0, _values.Length - 1].Select(i => _values[i]);
        Gen.Select(text, value, value).Sample((t, a, b) =>
        {
            var condition = RcConditionParser.Parse(new(t.TrimStart(' ', '\t'), new(1, 1)));
            var written = condition.Written;
            return written.Test is RcUnknownTest || RunReads(condition, a, b) is not { } run
                || (run.Test.GetType() == written.Test.GetType() && run.Prefix == written.Prefix);
        }, iter: 200_000);
    }

    // Null where a value brings a dollar of its own again and again.
    private static RcCondition? RunReads(RcCondition condition, string a, string b)
    {
        var host = new FakeHost();
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = a, ["B"] = b };
        var expander = new RecipeExpander(RecipeState.Begin(variables, new("\n"u8.ToArray()), [], "/"), new(host, new()), (_, _) => a);
        for (var round = 0; round < 20; round++)
        {
            if (condition.Test is not RcExpansion expansion)
            {
                return condition;
            }

            condition = RcConditionParser.ParseExpanded(condition, expander.Quoted(expansion.Raw).Text);
        }

        return null;
    }

    private static string Show(RcCondition condition)
    {
        var prefix = condition.Prefix;
        var weight = prefix.Weight is { } w ? string.Create(CultureInfo.InvariantCulture, $"{w.Base}^{w.Factor} ") : "";
        var area = prefix.Area is { } from ? (from.Variable ?? from.Parts.ToString()) + " " : "";
        return $"{(prefix.IsNegated ? "! " : "")}{weight}{area}| " + condition.Test switch
        {
            RcRegexTest regex => $"regex '{regex.Pattern}'",
            RcProgramTest program => $"program '{program.Command}'",
            RcSizeTest size => $"size {(size.IsLarger ? '>' : '<')} '{size.Limit}'",
            RcUnknownTest unknown => $"unknown '{unknown.Text}'",
            RcExpansion expansion => $"expand '{expansion.Raw}' -> {Show(expansion.Written)}",
            var other => other.ToString(),
        };
    }
}
