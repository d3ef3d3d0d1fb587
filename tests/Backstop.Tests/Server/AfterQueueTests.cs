using System.Net;
using System.Text;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Server;

/// <summary>
/// A server that has queued a message would answer our refusal with a bounce, so behind its queue nothing is refused for good.
/// </summary>
public sealed class AfterQueueTests
{
    [Theory]
    [InlineData(true, "250", "X-Backstop: file; ")]
    [InlineData(false, "550", "")]
    public async Task Unproved_bounce_is_taken_behind_a_queue_and_refused_before_it(bool afterQueue, string reply, string field) =>
        await SendAsync(afterQueue, "<>", ServerMail.BounceOf("x@forged.example"), reply, field);

    [Theory]
    [InlineData(true, "250", "X-Backstop: ")]
    [InlineData(false, "550 5.4.6", "")]
    public async Task Message_that_goes_in_circles_is_taken_behind_a_queue_and_refused_before_it(
        bool afterQueue, string reply, string field) => await SendAsync(
        afterQueue, "<ann@client.example>",
        string.Concat(Enumerable.Repeat("Received: from a.example by b.example; Mon, 30 Nov 2026 08:00:00 +0000\n", 6))
            + "Subject: x\n\nhello\n",
        reply, field);

    private static async Task SendAsync(bool afterQueue, string from, string message, string reply, string field)
    {
        await using var next = new NextServer(isLmtp: false);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Listen.SmtpProxy = [new(IPAddress.Loopback, 0)];
            (o.Relay.SmtpTo, o.Relay.AfterQueue) = (next.Address, afterQueue);
            o.Backscatter.Unproved = UnprovedPolicy.Refuse;
            o.Smtp.MaxHops = 5;
        });
        var lines = string.Concat(message.TrimEnd('\n').Split('\n').Select(l => $"C: {l}\n"));
        await Dialog.RunAsync(server.EndPoint("smtp_proxy"), $"""
            S: 220
            C: HELO client.example
            S: 250
            C: MAIL FROM:{from}
            S: 250
            C: RCPT TO:<me@example.org>
            S: 250
            C: DATA
            S: 354
            {lines}C: .
            S: {reply}
            """);
        var sent = Encoding.Latin1.GetString(next.Last ?? []);
        Assert.Equal(field.Length > 0, sent.Length > 0);
        Assert.Contains(field, sent, StringComparison.Ordinal);
    }
}
