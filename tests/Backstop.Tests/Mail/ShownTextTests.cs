using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Mail;

public sealed class ShownTextTests
{
    [Theory]
    [InlineData("invoice \u202efdp.exe", "invoice  fdp.exe")]
    [InlineData("a\u2066b\u2069c\u202ad\u202ce", "a b c d e")]
    [InlineData("\u001b[2J\u009b31mred\u007f", " [2J 31mred ")]
    [InlineData("one\r\ntwo\u2028three\u2029\tfour\u0085five", "one  two three  four five")]
    [InlineData("\u05d0\u200f\u05d1 caf\u00e9 \U0001f600 \u0645\u061c", "\u05d0\u200f\u05d1 caf\u00e9 \U0001f600 \u0645\u061c")]
    [InlineData("", "")]
    public void Control_and_direction_characters_become_spaces(string text, string shown) => Assert.Equal(shown, ShownText.Of(text));

    [Fact]
    public void Lines_stay_where_lines_are_shown() => Assert.Equal("a\n\tb  c", ShownText.Of("a\n\tb\r\u202ec", keepsLines: true));

    [Fact]
    public void Any_text_keeps_its_length_and_loses_its_control_characters() => Gen.String.Sample(text =>
    {
        var shown = ShownText.Of(text);
        Assert.Equal(text.Length, shown.Length);
        Assert.DoesNotContain(shown, char.IsControl);
        Assert.Same(shown, ShownText.Of(shown));
    });
}
