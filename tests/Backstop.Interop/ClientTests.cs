using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Real clients: Postfix's smtp-source, swaks, and Python's mailbox module as a rival for an mbox's locks.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Postfix_smtp_source_delivers_and_is_refused()
    {
        var source = Needs.Program("smtp-source", "postfix");
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path);
        await Tool.RunAsync(
            source,
            ["-4", "-s", "10", "-m", "300", "-l", "5000", "-d", "-f", "a@client.example", "-t", "user@bench.test",
                $"127.0.0.1:{server.SmtpPort}"],
            TimeSpan.FromMinutes(1));
        var refused = await Tool.RunAsync(
            source, ["-4", "-A", "-s", "5", "-m", "50", "-f", "", "-t", "nobody@bench.test", $"127.0.0.1:{server.SmtpPort}"],
            TimeSpan.FromMinutes(1));
        await server.DeliveredAsync();
        Assert.Equal(300, MessageFiles.Read(server.Maildir("user")).Count());
        Assert.Contains("recipient:unknown", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swaks_speaks_tls_pipelining_and_lmtp_parameters()
    {
        var swaks = Needs.Program("swaks", "swaks");
        using var folder = new TempFolder();
        using var server = await Server.StartAsync(folder.Path);
        var output = await Tool.RunAsync(
            swaks, [
                "--server", $"127.0.0.1:{server.SmtpPort}", "--tls", "--pipeline", "--from", "a@client.example", "--to",
                "user@bench.test,legit@bench.test", "--ehlo", "client.example"],
            TimeSpan.FromMinutes(1));
        Assert.Contains("TLS started", output, StringComparison.Ordinal);
        Assert.Contains("2.0.0 Accepted as", output, StringComparison.Ordinal);
        await server.DeliveredAsync();
        Assert.Single(MessageFiles.Read(server.Maildir("user")));
        Assert.Single(MessageFiles.Read(server.Maildir("legit")));
    }

    /// <summary>Two writers of one mbox, each with both locks: no message of either is lost or torn.</summary>
    [Fact]
    public async Task Mbox_is_shared_with_another_program()
    {
        var python = Needs.Program("python3", "python3");
        var source = Needs.Program("smtp-source", "postfix");
        using var folder = new TempFolder();
        var box = folder["box"];
        using var server = await Server.StartAsync(
            folder.Path, mailboxes: $"\"box@bench.test\" = {{ format = \"mbox\", path = \"{box}\" }}");
        await File.WriteAllTextAsync(
            folder["rival.py"],
            """
            import mailbox, sys, time
            for i in range(200):
                box = mailbox.mbox(sys.argv[1])
                while True:
                    try:
                        box.lock()
                        break
                    except mailbox.ExternalClashError:
                        time.sleep(0.002)
                box.add("Subject: rival %d\n\nFrom a rival\n" % i)
                box.flush()
                box.unlock()
                box.close()
            """,
            TestContext.Current.CancellationToken);
        var rival = Tool.RunAsync(python, [folder["rival.py"], box], TimeSpan.FromMinutes(2));
        await Tool.RunAsync(
            source,
            ["-4", "-s", "5", "-m", "1000", "-l", "3000", "-f", "a@client.example", "-t", "box@bench.test", $"127.0.0.1:{server.SmtpPort}"],
            TimeSpan.FromMinutes(2));
        await rival;
        await server.DeliveredAsync();
        var messages = MessageFiles.Read(box).Select(m => System.Text.Encoding.Latin1.GetString(m.Bytes.Span)).ToList();
        Assert.Equal(200, messages.Count(m => m.StartsWith("Subject: rival", StringComparison.Ordinal)));
        Assert.Equal(1000, messages.Count(m => m.StartsWith("X-Backstop-Id: ", StringComparison.Ordinal)));
        Assert.Equal(1200, messages.Count);
    }
}
