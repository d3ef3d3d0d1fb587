using System.Net;
using System.Text;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Tests.Protocols;

namespace Backstop.Tests.Server;

/// <summary>The whole smuggling matrix over a real socket: one message or a refusal, never two.</summary>
public sealed class SmuggleTests
{
    [Fact]
    public async Task No_false_end_of_data_makes_a_second_message()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var row in DataReaderTests.Smuggling)
        {
            var (label, end) = row.Data;
            using var dialog = new Dialog(server.Smtp);
            await dialog.PlayAsync(
                "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
            await dialog.SendAsync(
                $"Subject: first\r\n\r\ntext{end}MAIL FROM:<evil@b.example>\r\nRCPT TO:<me@example.org>\r\nDATA\r\nSubject: "
                    + $"smuggled\r\n\r\nx\r\n.\r\n");
            Assert.True((await dialog.ReadLineAsync())?.StartsWith("554", StringComparison.Ordinal) == true, label);
            Assert.True(await dialog.ReadLineAsync() is null, label);
        }

        Assert.Empty(await server.MessagesAsync());
    }

    /// <summary>From a listed client: one message with the commands as its text, or a refusal for a lone CR.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Normalized_bare_lf_makes_no_second_message(bool isHandedOn)
    {
        await using var next = new NextServer(isLmtp: false);
        await using var server = await TestServer.StartAsync(o =>
        {
            (o.Smtp.BareLf, o.Smtp.BareLfFrom) = (BareLf.Normalize, [IPNetwork.Parse("127.0.0.1/32")]);
            (o.Listen.SmtpProxy, o.Relay.SmtpTo) = ([new(IPAddress.Loopback, 0)], next.Address);
        });
        var normalized = 0;

        // One row has the true end in it, which ends the message for everybody.
        foreach (var row in DataReaderTests.Smuggling.Where(r => !r.Data.Item2.Contains("\r\n.\r\n", StringComparison.Ordinal)))
        {
            var (label, end) = row.Data;
            using var dialog = new Dialog(isHandedOn ? server.EndPoint("smtp_proxy") : server.Smtp);
            await dialog.PlayAsync(
                "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
            await dialog.SendAsync(
                $"Subject: {label}\r\n\r\ntext{end}MAIL FROM:<evil@b.example>\r\nRCPT TO:<me@example.org>\r\nDATA\r\nSubject: "
                    + "smuggled\r\n\r\nx\r\n.\r\nQUIT\r\n");
            var hasCr = end.Replace("\r\n", "", StringComparison.Ordinal).Contains('\r', StringComparison.Ordinal);
            var reply = await dialog.ReadLineAsync();
            Assert.True(reply?.StartsWith(hasCr ? "554" : "250", StringComparison.Ordinal) == true, $"{label}: {reply}");
            if (hasCr)
            {
                Assert.True(await dialog.ReadLineAsync() is null, label);
                continue;
            }

            normalized++;
            Assert.True((await dialog.ReadLineAsync())?.StartsWith("221", StringComparison.Ordinal) == true, label);
            if (isHandedOn)
            {
                Assert.Contains("\nMAIL FROM:<evil", Encoding.Latin1.GetString(next.Last), StringComparison.Ordinal);
            }
        }

        Assert.Equal(isHandedOn ? 0 : normalized, (await server.MessagesAsync()).Length);
        Assert.InRange(normalized, 3, 11);
    }

    /// <summary>A client that is not listed, also one that a listed load balancer names; and commands of one that is.</summary>
    [Theory]
    [InlineData("192.0.2.8", "C: DATA\nS: 354\nR: Subject: x\\n\\r\\n.\\r\\n\nS: 554 5.6.0\nE:")]
    [InlineData("192.0.2.7", "C: DATA\nS: 354\nR: Subject: x\\n\\r\\n.\\r\\n\nS: 250")]
    [InlineData("192.0.2.7", "R: DATA\\n\nS: 554 5.6.0\nE:")]
    [InlineData("192.0.2.7", "R: BDAT 14 LAST\\r\\nSubject: x\\n\\nx\\n\nS: 250")]
    public async Task Bare_lf_is_normalized_for_listed_clients_in_their_messages_only(string client, string script)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            (o.Smtp.BareLf, o.Smtp.BareLfFrom) = (BareLf.Normalize, [IPNetwork.Parse("192.0.2.7/32")]);
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
        });
        await Dialog.RunAsync(
            server.Smtp,
            $"R: PROXY TCP4 {client} 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\n"
                + $"C: RCPT TO:<me@example.org>\nS: 250\n{script}");
    }

    [Fact]
    public void Normalizing_names_its_clients_and_not_everybody()
    {
        Assert.Equal(
            ["b.toml:2:6: smtp.bare_lf: no client is named; list those that send a lone LF, such as smtp.bare_lf_from = [\"192.0.2.7\"]"],
            ErrorsOf("smtp.bare_lf = \"normalize\""));
        Assert.Equal(
            ["b.toml:2:6: smtp.bare_lf_from: 0.0.0.0/0 covers every client; list the clients that send a lone LF"],
            ErrorsOf("smtp.bare_lf_from = [\"0.0.0.0/0\"]"));
        Assert.Empty(ErrorsOf("smtp.bare_lf = \"normalize\"\nsmtp.bare_lf_from = [\"192.0.2.0/24\", \"::1\"]"));
    }

    private static IEnumerable<string> ErrorsOf(string lines) =>
        ConfigFile.Parse("domains = [\"example.org\"]\n" + lines + "\nlisten.table_socket = \"/tmp/t\"", "b.toml").Errors
            .Select(e => e.ToString());

    [Theory]
    [InlineData("\\0.\\r\\n")]
    [InlineData(".\\0\\r\\n")]
    [InlineData(" .\\r\\n")]
    public async Task Nul_and_space_round_the_dot_are_text(string almost)
    {
        await using var server = await TestServer.StartAsync();
        await Dialog.RunAsync(
            server.Smtp,
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354\n"
            + $"R: text\\r\\n{almost}MAIL FROM:<evil@b.example>\\r\\n.\\r\\n\nS: 250 2.0.0\nC: QUIT\nS: 221\nE:");
        Assert.Contains("MAIL FROM:<evil", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }
}
