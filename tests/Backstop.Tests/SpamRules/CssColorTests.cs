using System.Globalization;
using Backstop.SpamRules.Html;
using Backstop.SpamRules.Patterns;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>Colours read by hand, beside SpamAssassin's expression for them.</summary>
public sealed class CssColorTests
{
    private static readonly PerlRegex _sixHex = new("^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$");

    private static readonly Gen<string> _colors = Gen.OneOf(
        Gen.Select(Gen.Int[0, 0xffffff], c => "#" + c.ToString("x6", CultureInfo.InvariantCulture)),
        Gen.Select(Gen.Int[0, 0x202020], c => c.ToString("x6", CultureInfo.InvariantCulture)),
        Gen.Char["#0123456789abcdefgAF \n"].Array[5, 9].Select(c => new string(c)));

    [Fact]
    public void Alike_is_what_the_expression_says() => Gen.Select(_colors, _colors).Sample(
        (a, b) => Assert.Equal(ByExpression(a, b), CssColor.AreIndistinct(a, b)), iter: 20_000);

    [Theory]
    [InlineData("#000000", "#101010", true)]
    [InlineData("#000000", "#111111", false)]
    [InlineData("0a0a0a", "#000000\n", true)]
    [InlineData("#00000", "#000000", false)]
    [InlineData("##000000", "#000000", false)]
    [InlineData(CssColor.Invalid, CssColor.Invalid, false)]
    public void Alike(string foreground, string background, bool expected) =>
        Assert.Equal(expected, CssColor.AreIndistinct(foreground, background));

    private static bool ByExpression(string foreground, string background)
    {
        if (_sixHex.Match(foreground) is not { Success: true } a || _sixHex.Match(background) is not { Success: true } b)
        {
            return false;
        }

        double Difference(int i) => Hex(a.Groups[i].Value) - Hex(b.Groups[i].Value);
        return Math.Sqrt(
            Math.Pow(0.2126 * Difference(1), 2) + Math.Pow(0.7152 * Difference(2), 2) + Math.Pow(0.0722 * Difference(3), 2)) < 12;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
