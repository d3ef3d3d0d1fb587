using System.Text.RegularExpressions;
using Backstop.SpamRules.Html;
using CsCheck;

namespace Backstop.Tests.SpamRules;

/// <summary>Declarations of a style attribute are read as SpamAssassin's expressions read them.</summary>
public sealed class CssDeclarationTests
{
    private static readonly Regex _color = new("^\\s*(?<back>background-)?color:\\s*(?<value>.+?)\\s*$", RegexOptions.IgnoreCase);
    private static readonly Regex _background = new("^\\s*background:\\s*(?<value>.+?)\\s*$");
    private static readonly Regex _other = new("^\\s*(?<name>[a-z_-]+)\\s*:\\s*(?<value>\\S.*?)\\s*$", RegexOptions.IgnoreCase);

    private static readonly string[] _pieces =
    [
        "color", "Color", "background-color", "BACKGROUND-color", "background", "Background", "display", "visibility", "x_y",
        ":", ":", ":", " ", "\n", "\t", "\u00a0", "#fff", "red", "none", "rgb(1, 2, 3)", "!important", "-", "é",
    ];

    [Theory]
    [InlineData("color: red", "color", "red")]
    [InlineData(" BACKGROUND-COLOR:#fff !important ", "background-color", "#fff !important")]
    [InlineData("background: url(x) red\n", "background", "url(x) red")]
    [InlineData("Background: red", "Background", "red")]
    [InlineData("color : red", "", "")]
    [InlineData("display : none", "display", "none")]
    [InlineData("color: ", "color", " ")]
    [InlineData("color:", "", "")]
    [InlineData("color: a\nb", "", "")]
    [InlineData("red", "", "")]
    public void Reads_a_declaration(string text, string name, string value) => Assert.Equal((name, value), CssDeclaration.Read(text));

    [Fact]
    public void Agrees_with_the_expressions() =>
        Gen.OneOf(_pieces).Array[0, 8].Select(string.Concat).Sample(
            text =>
            {
                var (name, value) = CssDeclaration.Read(text);
                Assert.Equal(Expected(text), (name is "color" or "background-color" or "background" or "display" or "visibility")
                    ? (name, value.Trim()) : ("", ""));
            },
            iter: 20_000);

    private static (string Name, string Value) Expected(string text) =>
        _color.Match(text) is { Success: true } color
            ? ((color.Groups["back"].Success ? "background-" : "") + "color", color.Groups["value"].Value.Trim())
        : _background.Match(text) is { Success: true } background ? ("background", background.Groups["value"].Value.Trim())
        : _other.Match(text) is { Success: true } other && other.Groups["name"].Value is "display" or "visibility"
            ? (other.Groups["name"].Value, other.Groups["value"].Value)
        : ("", "");
}
