using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Server.Net;

namespace Backstop.Tests.Server;

/// <summary>
/// A server behind us that answers out of turn. SMTP's replies have no number: one too many, and each is taken for the next one's.
/// </summary>
public sealed class NextHopTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(10);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("replies in turn", "250 ok\r\n", true)]
    [InlineData("of several lines", "250-ok\r\n250 ok\r\n", true)]
    [InlineData("refuses", "550 no\r\n", true)]
    [InlineData("takes back what it says", "250-ok\r\n550 no\r\n", false)]
    [InlineData("says what it was not asked for", "354 go on\r\n", false)]
    [InlineData("is not yet sure", "150 wait\r\n", false)]
    [InlineData("speaks something else", "OK\r\n", false)]
    [InlineData("leaves", "", false)]
    [InlineData("leaves within its reply", "250-ok\r\n", false)]
    public async Task Reply_that_cannot_be_the_answer_is_trouble(string label, string reply, bool isOne)
    {
        using var listener = Listen();
        var serving = ServeAsync(listener, reply);
        using var connection = await OpenAsync(listener);
        var trouble = await Record.ExceptionAsync(() => connection.AskAsync("RCPT TO:<a@b.example>", _limit));
        Assert.True(isOne == trouble is null && trouble is null or IOException, $"{label}: {trouble}");
        await serving;
    }

    /// <summary>What the next server says of an address reaches the client, in whatever encoding it is.</summary>
    [Theory]
    [InlineData("550 no caf\xe9\r\n")]
    [InlineData("550 no caf\xc3\xa9\r\n")]
    public async Task Reply_in_any_encoding_is_read(string reply)
    {
        using var listener = Listen();
        var serving = ServeAsync(listener, reply);
        using var connection = await OpenAsync(listener);
        Assert.Equal("no café", (await connection.AskAsync("RCPT TO:<a@b.example>", _limit)).Text);
        await serving;
    }

    [Fact]
    public async Task Reply_that_nobody_asked_for_is_not_taken_for_the_next()
    {
        using var listener = Listen();
        var serving = ServeAsync(listener, "250 ok\r\n250 and the message too\r\n", "550 5.7.1 no\r\n");
        using var connection = await OpenAsync(listener);
        Assert.Equal(250, (await connection.AskAsync("RCPT TO:<a@b.example>", _limit)).Code);
        await Assert.ThrowsAsync<IOException>(() => connection.AskAsync("RCPT TO:<c@b.example>", _limit));
        connection.Dispose();
        await serving;
    }

    /// <summary>A 250 that comes before the message's end cannot promise that the message is kept.</summary>
    [Fact]
    public async Task Reply_before_the_end_of_a_message_is_trouble()
    {
        using var listener = Listen();
        var serving = ServeAsync(listener, "354 go on\r\n250 kept\r\n");
        using var connection = await OpenAsync(listener);
        Assert.Equal(354, (await connection.AskAsync("DATA", _limit, good: 3)).Code);
        Assert.Throws<IOException>(connection.ExpectSilence);
        connection.Dispose();
        await serving;
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static Task<NextHopConnection> OpenAsync(TcpListener listener) =>
        NextHopConnection.OpenAsync(listener.LocalEndpoint, "EHLO mx.example.org", _limit, _limit, TimeProvider.System);

    private static async Task ServeAsync(TcpListener listener, params string[] replies)
    {
        using var client = await listener.AcceptTcpClientAsync(Ct);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        await stream.WriteAsync("220 hello\r\n"u8.ToArray(), Ct);
        foreach (var reply in (string[])["250 hello\r\n", .. replies])
        {
            if (await reader.ReadLineAsync(Ct) is null)
            {
                return;
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(reply), Ct);
        }
    }
}
