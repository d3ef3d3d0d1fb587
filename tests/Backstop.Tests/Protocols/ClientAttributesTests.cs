using System.Net;
using System.Text;
using Backstop.Protocols.Smtp;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class ClientAttributesTests
{
    [Theory]
    [InlineData("ADDR=192.0.2.7 HELO=client.example", "192.0.2.7", "client.example")]
    [InlineData("addr=IPv6:2001:db8::1 helo=a+20b", "2001:db8::1", "a b")]
    [InlineData("ADDR=[UNAVAILABLE] HELO=[TEMPUNAVAIL]", null, null)]
    public void Arguments_are_read(string text, string? address, string? helo)
    {
        var told = ClientAttributes.TryParse(Encoding.ASCII.GetBytes(text))!;
        Assert.Equal(address is null ? null : IPAddress.Parse(address), told.Address);
        Assert.Equal(helo, told.Value("HELO"));
        Assert.Equal(told.Values, ClientAttributes.TryParse(Encoding.ASCII.GetBytes(told.ToString()))!.Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ADDR")]
    [InlineData("WHAT=1")]
    [InlineData("HELO=a+0Ab")]
    [InlineData("HELO=a+zz")]
    [InlineData("HELO=a+4")]
    public void Rejects_attributes_that_are_unknown_or_not_xtext(string text) =>
        Assert.Null(ClientAttributes.TryParse(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Xtext_comes_back() =>
        Gen.String.Where(s => !s.Any(char.IsSurrogate)).Sample(text => XText.Decode(XText.Encode(text)) == text);
}
