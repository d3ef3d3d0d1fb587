using Backstop.Server.Delivery;

namespace Backstop.Tests.Server;

/// <summary>Where a copy goes is found when it is delivered, not when it was accepted; it is delivered once all the same.</summary>
public sealed class DeliveryTargetTests : IDisposable
{
    private const string Me = "me@example.org";
    private const string You = "you@example.org";

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mail_follows_a_path_that_was_mended()
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        await using var server = await TestServer.StartAsync(o => o.Mailboxes[Me].Path = _folder["file/Maildir"]);
        Assert.StartsWith("250", await SendAsync(server, Me), StringComparison.Ordinal);
        server.Options.Mailboxes[Me].Path = _folder["mended"];
        await server.RestartAsync();
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["mended/new"]));
    }

    [Fact]
    public async Task Mail_of_a_mailbox_that_is_gone_waits_and_is_delivered_when_it_is_back()
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Mailboxes[Me].Path = _folder["file/Maildir"];
            o.Mailboxes[You] = new() { Aliases = ["@example.org"] };
        });
        Assert.StartsWith("250", await SendAsync(server, "info@example.org"), StringComparison.Ordinal);
        var mailbox = server.Options.Mailboxes[Me];
        server.Options.Mailboxes.Remove(Me);
        await server.RestartAsync();
        using (var web = new HttpClient { BaseAddress = new($"http://{server.Web}") })
        {
            Assert.Contains("\"waiting\": 1,", await web.GetStringAsync("/status", Ct), StringComparison.Ordinal);
        }

        mailbox.Path = _folder["back"];
        server.Options.Mailboxes[Me] = mailbox;
        await server.RestartAsync();
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["back/new"]));
        Assert.False(Directory.Exists(Path.Combine(server.Options.Data, "mail", You)));
    }

    /// <summary>The log files were written by a server that stored paths only, for mailboxes that are elsewhere now.</summary>
    [Fact]
    public async Task Entries_written_before_addresses_were_stored_are_delivered()
    {
        Directory.CreateDirectory(_folder["spool"]);
        var golden = Path.Combine(HouseRulesTests.Root(), "tests/Backstop.Tests/Mailboxes/spool-before-addresses");
        foreach (var file in Directory.EnumerateFiles(golden))
        {
            File.Copy(file, Path.Combine(_folder["spool"], Path.GetFileNameWithoutExtension(file) + ".log"));
        }

        await using var server = await TestServer.StartAsync(o => o.Spool.Path = _folder["spool"]);
        Assert.Contains("Subject: kept for info@example.org", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
        var yours = Path.Combine(server.Options.Data, "mail", You, "Maildir", ".Backscatter", "new");
        Assert.Contains(
            "Subject: kept for you@example.org", await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(yours)), Ct),
            StringComparison.Ordinal);
    }

    /// <summary>What waits behind others in the queue of a folder that works goes where its mailbox is by then, or nowhere.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mail_that_is_queued_follows_its_mailbox(bool isMoved)
    {
        using var rig = new DeliveryRig(_folder["spool"]);
        using var mayGoOn = new ManualResetEventSlim();
        var under = 0;
        rig.Queue.RealDelivered = _ =>
        {
            Interlocked.Increment(ref under);
            mayGoOn.Wait(Ct);
        };
        rig.Paths[Me] = _folder["old"];
        for (var worker = 1; worker <= 2; worker++)
        {
            await rig.AddAsync($"{worker}", Me);
            await DeliveryRig.UntilAsync(() => Volatile.Read(ref under) == worker);
        }

        await rig.AddAsync("3", Me);
        await rig.AddAsync("4", Me);
        _ = isMoved ? rig.Paths[Me] = _folder["new"] : $"{rig.Paths.Remove(Me)}";
        rig.Queue.TargetsChanged();
        mayGoOn.Set();
        await DeliveryRig.UntilAsync(() => isMoved ? rig.Queue.Waiting == 0 : rig.Queue.Stopped == 2);
        Assert.Equal(["1", "2"], DeliveryRig.Inbox(_folder["old"]).Order(StringComparer.Ordinal));
        Assert.Equal(isMoved ? ["3", "4"] : [], DeliveryRig.Inbox(_folder["new"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Folder_that_fails_is_found_anew_while_the_server_runs()
    {
        using var rig = await FailingAsync();
        rig.Paths[Me] = _folder["mended"];
        rig.Queue.TargetsChanged();
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["mended"]));
        Assert.Empty(rig.Queue.Failing);
    }

    [Fact]
    public async Task Mailbox_that_goes_and_comes_back_while_the_server_runs_gets_its_mail()
    {
        using var rig = await FailingAsync();
        rig.Paths.Remove(Me);
        rig.Queue.TargetsChanged();
        await DeliveryRig.UntilAsync(() => rig.Queue.Stopped == 1);
        Assert.Equal((1, CopyPlace.NoMailbox), (rig.Queue.Waiting, Assert.Single(rig.Queue.Report(rig.Queue.Ids()[0])!.Copies).Place));
        rig.Paths[Me] = _folder["back"];
        rig.Queue.TargetsChanged();
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["back"]));
    }

    /// <summary>The kill came between the delivery and its note, and the mailbox was moved before the next start.</summary>
    [Fact]
    public async Task Copy_delivered_before_a_kill_is_not_delivered_again_where_the_mailbox_is_now()
    {
        using var rig = new DeliveryRig(_folder["spool"], isIdle: true) { Paths = { [Me] = _folder["old"] } };
        await rig.AddAsync("one", Me);
        using var killed = rig.Crash(_folder["killed"]);
        rig.Paths[Me] = _folder["old"];
        Assert.Equal(QueueOutcome.Delivered, (await rig.Queue.TryNowAsync(rig.Queue.Ids()[0], Ct)).Outcome);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["old"]));

        killed.Paths[Me] = _folder["new"];
        killed.Queue.Replay(killed.Pending);
        await DeliveryRig.UntilAsync(() => killed.Queue.Waiting == 0);
        Assert.Empty(DeliveryRig.Inbox(_folder["new"]));
    }

    /// <summary>Its owner has moved it meanwhile, so that it is not found in the inbox; the other copy still waits.</summary>
    [Fact]
    public async Task Copy_that_was_delivered_is_not_delivered_again_with_the_other_one()
    {
        using var rig = await FailingAsync(Me, You);
        rig.Paths[You] = _folder["you"];
        await DeliveryRig.UntilAsync(() => DeliveryRig.Inbox(_folder["you"]).Length == 1);
        await DeliveryRig.UntilAsync(() => rig.Queue.Report(rig.Queue.Ids()[0])!.Copies[1].Place == CopyPlace.Done);
        File.Delete(Assert.Single(Directory.GetFiles(_folder["you/new"])));
        rig.Paths[Me] = _folder["me"];
        rig.Restart();
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["me"]));
        Assert.Empty(DeliveryRig.Inbox(_folder["you"]));
    }

    // A message that waits because the first mailbox cannot be written; the others can.
    private async Task<DeliveryRig> FailingAsync(params string[] mailboxes)
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        var rig = new DeliveryRig(_folder["spool"]) { Paths = { [Me] = _folder["file/Maildir"], [You] = _folder["you"] } };
        await rig.AddAsync("one", mailboxes.Length > 0 ? mailboxes : [Me]);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count == 1);
        return rig;
    }

    private static Task<string> SendAsync(TestServer server, string to) =>
        ServerMail.SendAsync(server, "<a@example.net>", to, "From: a@example.net\nSubject: lunch\n\nhello");
}
