using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Protocols.Smtp;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>Whoever speaks another protocol is hung up on at once, on every listener that reads lines or packets.</summary>
public sealed class ForeignProtocolTests
{
    private static readonly PathLimits _limits = new(64, 255, 256);

    /// <summary>What is sent: a label, and Latin-1. TLS and RDP have no line end.</summary>
    public static TheoryData<string, string> Protocols => new()
    {
        { "HTTP GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n" },
        { "HTTP POST", "POST /cgi-bin HTTP/1.0\r\nContent-Length: 4\r\n\r\nMAIL" },
        { "HTTP CONNECT", "CONNECT mx.example:25 HTTP/1.1\r\n\r\n" },
        { "HTTP in small letters", "get / HTTP/1.1\r\n\r\n" },
        { "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
        { "a field of a header", "User-Agent: x\r\n" },
        { "TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
        { "TLS with a line feed", "\x16\x03\x01\x02\x00\x01\n" },
        { "SSH", "SSH-2.0-OpenSSH_9.2\r\n" },
        { "RDP", "\x03\x00\x00\x13\x0e\xe0" },
        { "SOCKS", "\x05\x01\x00" },
        { "SIP", "OPTIONS sip:nm SIP/2.0\r\n" },
        { "Redis", "*1\r\n$4\r\nPING\r\n" },
        { "a server's greeting", "220 mx.example\r\n" },
    };

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Other_protocol_gets_554_and_the_end(string label, string sent)
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(logging: l => l.SetMinimumLevel(LogLevel.Information).AddProvider(log));
        foreach (var (endPoint, greeting) in new[] { (server.Smtp, "HELO c"), (server.Lmtp, "LHLO c") })
        {
            foreach (var isGreeted in new[] { false, true })
            {
                using var dialog = new Dialog(endPoint);
                await dialog.PlayAsync(isGreeted ? $"S: 220\nC: {greeting}" : "S: 220");
                if (isGreeted)
                {
                    await dialog.HearAsync();
                }

                await dialog.SendAsync(Encoding.Latin1.GetBytes(sent));
                Assert.StartsWith("554 5.5.1", await dialog.ReadLineAsync(), StringComparison.Ordinal);
                Assert.True(await dialog.ReadLineAsync() is null, label);
            }
        }

        Assert.Equal(4, log.All.Count(l => l.Contains("stage=session code=554 reason=protocol:foreign", StringComparison.Ordinal)));
    }

    /// <summary>These close, or answer and close, before the request is whole.</summary>
    [Theory]
    [InlineData("policy")]
    [InlineData("table")]
    [InlineData("milter")]
    [InlineData("spamd")]
    public async Task Browser_is_hung_up_on_by_the_other_services(string protocol)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            var any = new IPEndPoint(IPAddress.Loopback, 0);
            (o.Listen.Policy, o.Listen.Table, o.Listen.Milter, o.Listen.Spamd) = ([any], [any], [any], [any]);
            o.Spam.Rules = [Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "dialogs", "spamd.cf")];
            o.Spam.Bayes = false;
        });
        using var client = new TcpClient();
        await client.ConnectAsync(server.EndPoint(protocol), TestContext.Current.CancellationToken);
        using var stream = client.GetStream();
        await stream.WriteAsync("GET /index.html HTTP/1.1\r\nHost: x\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var told = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("action=", told, StringComparison.Ordinal);
    }

    /// <summary>A slip, or a command that nobody here knows, is answered 500 and may be followed by another.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(" HELO c")]
    [InlineData("FROBNICATE")]
    [InlineData("GETS /")]
    [InlineData("SSHX")]
    [InlineData("XADR 1.2.3.4")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1 2")]
    public void Unknown_command_is_no_other_protocol(string line) =>
        Assert.Equal(SmtpVerb.Unknown, SmtpCommand.Parse(Encoding.Latin1.GetBytes(line), _limits).Verb);
}
