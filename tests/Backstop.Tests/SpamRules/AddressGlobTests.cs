using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Rules;

namespace Backstop.Tests.SpamRules;

/// <summary>Globs of address lists match what SpamAssassin's expressions for them do.</summary>
public sealed class AddressGlobTests
{
    [Fact]
    public void A_glob_matches_what_its_expression_matches()
    {
        var random = new Random(7);
        for (var run = 0; run < 10_000; run++)
        {
            var (glob, text) = (Drawn("ab*?@(\\._", 8), Drawn("ab@._\n", 10));
            var expression = new Regex(Translated(glob), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
            Assert.True(
                expression.IsMatch(text) == new AddressGlob(glob).IsMatch(text),
                $"{Regex.Escape(glob)} on {Regex.Escape(text)}: {expression.IsMatch(text)}");
        }

        string Drawn(string letters, int most) =>
            string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => letters[random.Next(letters.Length)]));
    }

    private static string Translated(string pattern)
    {
        var regex = new StringBuilder("^");
        foreach (var c in pattern)
        {
            _ = c switch
            {
                '*' => regex.Append(".*"),
                '?' => regex.Append('.'),
                '\0' or '\\' or '(' => regex.Append('_'),
                _ when char.IsAsciiLetterOrDigit(c) || c == '_' => regex.Append(c),
                _ => regex.Append('\\').Append(c),
            };
        }

        return regex.Append('$').ToString();
    }
}
