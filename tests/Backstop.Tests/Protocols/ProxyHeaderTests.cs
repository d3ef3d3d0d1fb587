using System.Buffers;
using System.Text;
using Backstop.Protocols.Proxy;
using CsCheck;

namespace Backstop.Tests.Protocols;

public sealed class ProxyHeaderTests
{
    private static readonly byte[] _signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n", ProxyStatus.Complete, "192.0.2.1:56324")]
    [InlineData("PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n", ProxyStatus.Complete, "[2001:db8::1]:1")]
    [InlineData("PROXY UNKNOWN\r\n", ProxyStatus.Complete, null)]
    [InlineData("PROXY UNKNOWN ffff:f::f ffff:f::f 65535 65535\r\n", ProxyStatus.Complete, null)]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\n", ProxyStatus.Incomplete, null)]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 056324 25\r\n", ProxyStatus.Invalid, null)]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n", ProxyStatus.Invalid, null)]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.1 56324 70000\r\n", ProxyStatus.Invalid, null)]
    [InlineData("PRO", ProxyStatus.Incomplete, null)]
    [InlineData("EHLO client\r\n", ProxyStatus.Invalid, null)]
    public void Version_1(string input, ProxyStatus status, string? client) =>
        Assert.Equal((status, client, ""), Read(Encoding.ASCII.GetBytes(input), status));

    [Fact]
    public void Version_1_ends_within_107_octets() =>
        Assert.Equal(
            ProxyStatus.Invalid, Read(Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 100)), ProxyStatus.Invalid).Status);

    [Fact]
    public void Version_2_tells_the_client_and_its_extras_are_skipped()
    {
        byte[] header = [.. _signature, 0x21, 0x11, 0, 15, 192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0, 25, 4, 0, 0];
        Assert.Equal((ProxyStatus.Complete, "192.0.2.1:56324", ""), Read(header, ProxyStatus.Complete));
    }

    [Fact]
    public void Version_2_local_means_the_peer_itself() =>
        Assert.Equal((ProxyStatus.Complete, null, ""), Read([.. _signature, 0x20, 0, 0, 0], ProxyStatus.Complete));

    [Theory]
    [InlineData(0x31, 0x11)]
    [InlineData(0x22, 0x11)]
    public void Version_2_of_another_kind_is_refused(byte command, byte family) =>
        Assert.Equal(ProxyStatus.Invalid, Read([.. _signature, command, family, 0, 0], ProxyStatus.Invalid).Status);

    [Fact]
    public void Short_address_block_is_refused() =>
        Assert.Equal(ProxyStatus.Invalid, Read([.. _signature, 0x21, 0x11, 0, 4, 1, 2, 3, 4], ProxyStatus.Invalid).Status);

    [Fact]
    public void Every_prefix_of_a_header_waits_for_more()
    {
        byte[] header = [.. _signature, 0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0, 25];
        for (var length = 0; length < header.Length; length++)
        {
            Assert.Equal(ProxyStatus.Incomplete, Read(header[..length], ProxyStatus.Incomplete).Status);
        }
    }

    [Fact]
    public void Any_bytes_give_an_answer() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        var input = new ReadOnlySequence<byte>([.. _signature, .. bytes]);
        ProxyHeader.TryRead(ref input, out _);
    });

    private static (ProxyStatus Status, string? Client, string Left) Read(byte[] bytes, ProxyStatus expected)
    {
        var input = new ReadOnlySequence<byte>(bytes);
        var status = ProxyHeader.TryRead(ref input, out var client);
        return (status, client?.ToString(), expected == ProxyStatus.Complete ? Encoding.ASCII.GetString(input) : "");
    }
}
