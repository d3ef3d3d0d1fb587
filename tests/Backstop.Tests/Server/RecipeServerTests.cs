using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Tests.Server;

/// <summary>A mailbox whose recipes decide, with the real server over sockets and real programs.</summary>
public sealed class RecipeServerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>The recipes of the person this is for, as they stood, their lock on the filter included.</summary>
    [Fact]
    public async Task The_founding_storys_recipes_run_as_written()
    {
        File.WriteAllText(
            _folder["sa"],
            "#!/bin/sh\nawk 'h==0&&/^$/{print \"X-Spam-Level: \" (spam ? \"**********\" : \"\"); h=1} /^Subject:.*pills/{spam=1} "
                + "{print}'\n");
        File.SetUnixFileMode(_folder["sa"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var server = await StartAsync($"""
            MAILDIR=$HOME
            :0fw: spamassassin.lock
            * < 262144
            | {_folder["sa"]}

            :0:
            * ^X-Spam-Level: \*\*\*\*\*\*\*
            almost-certainly-spam
            """);
        Assert.StartsWith("250", await SendAsync(server, "lunch"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "cheap pills"), StringComparison.Ordinal);
        Assert.Contains("Subject: lunch", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        var spam = Assert.Single(MessageFiles.Read(Path.Combine(Path.GetDirectoryName(server.Maildir)!, "almost-certainly-spam")));
        Assert.Contains("Subject: cheap pills", Encoding.ASCII.GetString(spam.Bytes.Span), StringComparison.Ordinal);
    }

    /// <summary>The folder's name is the octets of the rcfile, neither of them encoded once more.</summary>
    [Fact]
    public async Task Folders_beyond_ascii_have_the_name_of_the_rcfile()
    {
        await using var server = await StartAsync("MAILDIR=$HOME\n:0\n.Entw\u00FCrfe/\n");
        Assert.StartsWith("250", await SendAsync(server, "lunch"), StringComparison.Ordinal);
        await server.DeliveredAsync();
        var home = Path.GetDirectoryName(server.Maildir)!;
        Assert.Single(Directory.GetFiles(Path.Combine(home, ".Entw\u00FCrfe", "new")));
        Assert.DoesNotContain(Directory.GetDirectories(home), d => d.Contains('\u00C3', StringComparison.Ordinal));
    }

    /// <summary>
    /// With the rules of this process the filter of the recipe has done its work before it would be run; and the recipes file spam,
    /// not the server.
    /// </summary>
    [Fact]
    public async Task The_built_in_scanner_replaces_the_spamassassin_of_a_recipe()
    {
        File.WriteAllText(
            _folder["rules.cf"], "add_header all Level _STARS(*)_\nheader BAD_SUBJECT Subject =~ /pills/\nscore BAD_SUBJECT 8\n");
        File.WriteAllText(
            _folder["rc"],
            "PATH=/nonexistent\n:0fw: spamassassin.lock\n* < 262144\n| spamassassin\n\n:0:\n* ^X-Spam-Level: "
                + "\\*\\*\\*\\*\\*\\*\\*\nalmost-certainly-spam\n");
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Mailboxes["me@example.org"].Recipes = _folder["rc"];
            (o.Spam.Enabled, o.Spam.Rules, o.Spam.Bayes) = (true, [_folder["rules.cf"]], false);
            o.Listen.Spamd = [new(IPAddress.Loopback, 0)];
        });

        // Whoever asks spamd's service waits until the rules are read.
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(server.Spamd, Ct);
            await client.GetStream().WriteAsync("CHECK SPAMC/1.5\r\nContent-length: 14\r\n\r\nSubject: x\n\nx\n"u8.ToArray(), Ct);
            using var reply = new StreamReader(client.GetStream());
            Assert.StartsWith("SPAMD/1.1 0 EX_OK", await reply.ReadToEndAsync(Ct), StringComparison.Ordinal);
        }

        Assert.StartsWith("250", await SendAsync(server, "lunch"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "cheap pills"), StringComparison.Ordinal);
        Assert.Contains("Subject: lunch", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.Single(MessageFiles.Read(Path.Combine(Path.GetDirectoryName(server.Maildir)!, "almost-certainly-spam")));
    }

    [Theory]
    [InlineData(":0 fw\n| exit 1; true\n")]
    [InlineData(":0 fw\n| cat >/dev/null\n")]
    [InlineData(":0 f\n| kill -9 $$; true\n")]
    [InlineData(":0 fw\n| sleep 30; cat\n")]
    [InlineData(":0 fwi\n| sleep 0\n")]
    [InlineData(":0\nnosuch/folder\n")]
    [InlineData(":0\nnosuch/maildir/\n")]
    [InlineData(":0\n| exit 3; true\n")]
    [InlineData("A=\"never closed\n:0\n/dev/null\n")]
    public async Task Whatever_goes_wrong_the_message_arrives_as_it_was(string rc)
    {
        await using var server = await StartAsync(rc, seconds: 1);
        Assert.StartsWith(
            "250", await SendAsync(server, "x", string.Concat(Enumerable.Repeat(new string('y', 99) + "\n", 2000)) + "yyy"),
            StringComparison.Ordinal);
        Assert.Contains("Subject: x", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        Assert.EndsWith("yyy\n", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }

    /// <summary>
    /// A filter that takes a second used to be 1,000 mails an hour behind its lock. Eight at once, and nobody else waits.
    /// </summary>
    [Fact]
    public async Task Slow_filters_run_side_by_side_and_delay_no_other_mailbox()
    {
        await using var server = await StartAsync(":0 fw: filter.lock\n| sleep 1; cat\n");
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 16; i++)
        {
            await SendAsync(server, $"slow {i}");
        }

        await ServerMail.SendAsync(server, "<a@example.net>", "you@example.org", "Subject: other\n\nx");
        var other = Path.Combine(server.Options.Data, "mail", "you@example.org", "Maildir", "new");
        while (!Directory.Exists(other) || Directory.GetFiles(other).Length == 0)
        {
            Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 60);
            await Task.Delay(20, Ct);
        }

        Assert.True((await server.MessagesAsync()).Length == 16);
    }

    /// <summary>A server that dies between folders: the next one runs the recipes again, and every copy is there once.</summary>
    [Theory]
    [InlineData(FolderFormat.Maildir)]
    [InlineData(FolderFormat.Mbox)]
    public async Task Run_again_they_make_no_second_copy(FolderFormat format)
    {
        const int count = 40;
        var path = _folder[format == FolderFormat.Maildir ? "Maildir" : "mbox"];
        File.WriteAllText(_folder["rc"], ":0 c\ncopies/\n:0 c:\ncopies.mbox\n");
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using var log = spool;
        var mailbox = new Mailbox(MailAddress.TryParse("me@example.org")!, format, path, ["me@example.org"], _folder["rc"]);
        var entries = new List<SpoolEntry>();
        for (var i = 0; i < count; i++)
        {
            var body = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Subject: {i}\n\none\n"));
            entries.Add(await spool.AppendAsync(
                spool.NextId(),
                new(
                    1_700_000_000_000, "a@b.example", 3, null, body.Length, "Received: x\n",
                    [new(mailbox.Folder(FolderRef.Inbox), "X-One: 1\n")]),
                body));
        }

        foreach (var isSecond in (bool[])[false, true])
        {
            await DeliverAsync(spool, mailbox, isSecond ? entries : [.. entries.Take(count / 2)], isSecond);
        }

        Assert.Equal(count, Directory.GetFiles(_folder["copies/new"]).Length);
        Assert.Equal(count, MessageFiles.Read(_folder["copies.mbox"]).Count());
        Assert.Equal(
            count, format == FolderFormat.Mbox ? MessageFiles.Read(path).Count() : Directory.GetFiles(Path.Combine(path, "new")).Length);
    }

    /// <summary>
    /// A stop waits for the program of a recipe; what comes of it must reach its folder, or the program would run again after the
    /// next start.
    /// </summary>
    [Theory]
    [InlineData(":0 wc\n| touch began; until [ -e go ]; do sleep 0.01; done; echo x >>acted\n")]
    [InlineData(":0 fw\n| touch began; until [ -e go ]; do sleep 0.01; done; echo x >>acted; cat\n")]
    public async Task Copies_decided_during_a_stop_are_delivered(string rc)
    {
        File.WriteAllText(_folder["rc"], rc);
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using var log = spool;
        var mailbox = new Mailbox(
            MailAddress.TryParse("me@example.org")!, FolderFormat.Maildir, _folder["Maildir"], ["me@example.org"], _folder["rc"]);
        var body = "Subject: x\n\none\n"u8.ToArray();
        var entry = await spool.AppendAsync(
            spool.NextId(),
            new(1_700_000_000_000, "a@b.example", 3, null, body.Length, "Received: x\n", [new(mailbox.Folder(FolderRef.Inbox), "")]),
            body);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<IMeterFactory>());
        var stage = new RecipeStage(
            [new MailboxRecipes(mailbox, new() { Hostname = "host" }, new(), TimeProvider.System, _ => { })], 1, spool,
            TimeProvider.System, NullLogger.Instance);
        var queue = new DeliveryQueue(spool, "host", TimeProvider.System, metrics, NullLogger<DeliveryQueue>.Instance, stage);
        queue.Add(entry, Lane.Real);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(_folder["began"]), TimeSpan.FromSeconds(30)));
        var stopping = new Thread(queue.Dispose);
        stopping.Start();
        Assert.True(SpinWait.SpinUntil(
            () => stopping.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)));
        File.WriteAllText(_folder["go"], "");
        stopping.Join();
        Assert.Equal(0, queue.Waiting);
        Assert.Single(Directory.GetFiles(_folder["Maildir/new"]));
    }

    private static async Task DeliverAsync(SpoolLog spool, Mailbox mailbox, List<SpoolEntry> entries, bool isReplay)
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new BackstopMetrics(services.GetRequiredService<IMeterFactory>());
        var stage = new RecipeStage(
            [new MailboxRecipes(mailbox, new() { Hostname = "host" }, new(), TimeProvider.System, _ => { })], 4, spool,
            TimeProvider.System, NullLogger.Instance);
        using var queue = new DeliveryQueue(spool, "host", TimeProvider.System, metrics, NullLogger<DeliveryQueue>.Instance, stage);
        if (isReplay)
        {
            queue.Replay(entries);
        }
        else
        {
            entries.ForEach(e => queue.Add(e, Lane.Real));
        }

        while (queue.Waiting > 0)
        {
            await Task.Delay(5, Ct);
        }
    }

    private static Task<string> SendAsync(TestServer server, string subject, string body = "hello") =>
        ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", $"From: a@example.net\nSubject: {subject}\n\n{body}");

    private Task<TestServer> StartAsync(string rc, int seconds = 60)
    {
        File.WriteAllText(_folder["rc"], rc);
        return TestServer.StartAsync(o =>
        {
            o.Mailboxes["me@example.org"].Recipes = _folder["rc"];
            o.Recipes.TimeLimit = TimeSpan.FromSeconds(seconds);
        });
    }
}
