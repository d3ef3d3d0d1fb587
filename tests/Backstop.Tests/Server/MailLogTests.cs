using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>What an administrator finds in the log of a message: every recipient, its ids, what became of it.</summary>
public sealed class MailLogTests
{
    /// <summary>One queue id leads from the acceptance to the folder.</summary>
    [Fact]
    public async Task Accepted_message_is_told_of_until_it_is_delivered()
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(logging: l => l.AddProvider(log));
        await Dialog.RunAsync(
            server.Smtp,
            "S: 220\nC: HELO c.example\nS: 250\nC: MAIL FROM:<ann@c.example>\nS: 250\n"
                + "C: RCPT TO:<me@example.org>\nS: 250\nC: RCPT TO:<you@example.org>\nS: 250\nC: DATA\nS: 354\n"
                + "C: Message-ID: <1 refused client=192.0.2.9>@c.example\nC: Subject: x\nC:\nC: x\nC: .\nS: 250\nC: QUIT\nS: 221");
        await server.DeliveredAsync();
        var accepted = Assert.Single(log.All, l => l.Contains(" accepted client=", StringComparison.Ordinal));
        var id = accepted[..accepted.IndexOf(' ', StringComparison.Ordinal)];
        Assert.StartsWith(
            $"{id} accepted client=127.0.0.1 from=<ann@c.example> to=<me@example.org>,<you@example.org> recipients=2 "
                + "message-id=<1_refused_client=192.0.2.9_@c.example> folder=INBOX reason=mail bytes=", accepted, StringComparison.Ordinal);
        var delivered = log.All.Where(l => l.StartsWith(id + " delivered ", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, delivered.Count);
        Assert.StartsWith($"{id} delivered mailbox={server.Maildir} folder=INBOX delay=", delivered[0], StringComparison.Ordinal);
    }

    /// <summary>A line stays short enough for journald, and still everybody is named.</summary>
    [Fact]
    public async Task Every_recipient_is_named()
    {
        var names = Enumerable.Range(0, 45).Select(i => $"u{i}@example.org").ToArray();
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(
            o => Array.ForEach(names, n => o.Mailboxes[n] = new()), logging: l => l.AddProvider(log));
        var rcpts = string.Concat(names.Select(n => $"C: RCPT TO:<{n}>\nS: 250\n"));
        await Dialog.RunAsync(
            server.Smtp,
            "S: 220\nC: HELO c.example\nS: 250\nC: MAIL FROM:<ann@c.example>\nS: 250\n" + rcpts
                + "C: DATA\nS: 354\nC: Subject: x\nC:\nC: x\nC: .\nS: 250\nC: QUIT\nS: 221");
        var lines = log.All.Where(l => l.Contains(" accepted ", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Contains(" recipients=45 message-id=<> ", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            names, lines.SelectMany(l => l[(l.IndexOf(" to=", StringComparison.Ordinal) + 4)..].Split(' ')[0].Split(','))
                .Select(a => a.Trim('<', '>')));
    }

    /// <summary>Nobody is named yet at MAIL.</summary>
    [Fact]
    public async Task Refused_sender_has_no_recipient()
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(logging: l => l.AddProvider(log));
        using var client = new Dialog(server.Smtp);
        await client.ConnectAsync();
        await client.HearAsync();
        await client.AskAsync("EHLO c.example");
        Assert.StartsWith("552", await client.AskAsync("MAIL FROM:<ann@c.example> SIZE=9999999999"), StringComparison.Ordinal);
        Assert.Contains("refused client=127.0.0.1 from=<ann@c.example> to=- stage=mail code=552 reason=size:announced", log.All);
    }
}
