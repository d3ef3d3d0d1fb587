using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Configuration;

namespace Backstop.Tests.Server;

/// <summary>What no dialog can foretell: tags.</summary>
public sealed partial class MilterServerTests
{
    /// <summary>A sender that is no UTF-8 gets a tag and stays who it is: with other octets it would be somebody else's address.</summary>
    [Theory]
    [InlineData("caf\xe9")]
    [InlineData("caf\xc3\xa9")]
    [InlineData("me")]
    public async Task Signed_sender_keeps_its_octets(string localPart)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.Milter = [new(IPAddress.Loopback, 0)];
            Directory.CreateDirectory(o.Data);
            BatvKeyFile.AddNew(DataPaths.BatvKeys(o));
        });
        using var peer = await MilterPeer.ConnectAsync(server.EndPoint("milter"));
        await peer.NegotiateAsync();
        await SayAsync('D', "M{auth_authen}\0me\0");
        await SayAsync('M', $"<{localPart}@example.org>\0SMTPUTF8\0");
        await SayAsync('R', "<sam@elsewhere.example>\0");
        Assert.Equal('c', (await peer.HearAsync()).Code);
        await SayAsync('L', "Subject\0 x\0");
        await SayAsync('N', "");
        await SayAsync('E', "");
        var (code, data) = await peer.HearAsync();
        for (; code == 'i'; (code, data) = await peer.HearAsync())
        {
            // The fields that are added come first.
        }

        Assert.Equal('e', code);
        Assert.Equal(localPart, Tagged().Match(Encoding.Latin1.GetString(data)).Groups[1].Value);

        Task SayAsync(char kind, string text) => peer.SayAsync(kind, Encoding.Latin1.GetBytes(text));
    }

    /// <summary>Who is named gets no tag, nor does mail to whom is named; field and journal entry it gets all the same.</summary>
    [Theory]
    [InlineData("me@example.org", "sam@elsewhere.example", true)]
    [InlineData("Team@example.org", "sam@elsewhere.example", false)]
    [InlineData("team+x@example.org", "sam@elsewhere.example", false)]
    [InlineData("anybody@lists.example.org", "sam@elsewhere.example", false)]
    [InlineData("me@example.org", "news@list.example", false)]
    [InlineData("me@example.org", "news+owner@list.example", false)]
    [InlineData("me@example.org", "other@list.example", true)]
    [InlineData("me@example.org", "anybody@strict.example", false)]
    public async Task Named_senders_and_recipients_go_without_a_tag(string from, string to, bool hasTag)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.Milter = [new(IPAddress.Loopback, 0)];
            o.Domains = [.. o.Domains, "lists.example.org"];
            o.Outbound.UnsignedFrom = ["team@example.org", "@lists.example.org"];
            o.Outbound.UnsignedTo = ["news@list.example", "strict.example"];
            Directory.CreateDirectory(o.Data);
            BatvKeyFile.AddNew(DataPaths.BatvKeys(o));
        });
        using var peer = await MilterPeer.ConnectAsync(server.EndPoint("milter"));
        await peer.NegotiateAsync();
        await SayAsync('D', "M{auth_authen}\0me\0");
        await SayAsync('M', $"<{from}>\0");
        await SayAsync('R', $"<{to}>\0");
        Assert.Equal('c', (await peer.HearAsync()).Code);
        await SayAsync('L', "Subject\0 x\0");
        await SayAsync('N', "");
        await SayAsync('E', "");
        var codes = "";
        while (!codes.EndsWith('c'))
        {
            var (code, _) = await peer.HearAsync();
            codes += code;
        }

        Assert.Contains("i", codes, StringComparison.Ordinal);
        Assert.Equal(hasTag, codes.Contains('e', StringComparison.Ordinal));

        Task SayAsync(char kind, string text) => peer.SayAsync(kind, Encoding.Latin1.GetBytes(text));
    }

    [GeneratedRegex(@"^<prvs=\w{10}=(.*)@example\.org>\0$")]
    private static partial Regex Tagged();
}
