using Backstop.Posix;

namespace Backstop.Tests.Deliver;

public class NativeTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("M\u00FCll", "M\u00C3\u00BCll")]
    [InlineData("\u6771", "\u00E6\u009D\u00B1")]
    public void Text_goes_to_octets_and_back(string text, string octets)
    {
        Assert.Equal(octets, NativeText.Octets(text));
        Assert.Equal(text, NativeText.Path(octets));
    }

    /// <summary>A name in Latin-1, and one that .NET has read already.</summary>
    [Theory]
    [InlineData("M\u00FCll")]
    [InlineData("\u6771")]
    public void What_is_no_UTF_8_stays(string name) => Assert.Equal(name, NativeText.Path(name));
}
