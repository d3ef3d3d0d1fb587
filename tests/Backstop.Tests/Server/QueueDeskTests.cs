using System.Text;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Control;
using Backstop.Server.Delivery;

namespace Backstop.Tests.Server;

/// <summary>What a person sees of the queue and does about it, while deliveries run and while none do.</summary>
public sealed class QueueDeskTests : IDisposable
{
    private const string Me = "me@example.org";
    private const string You = "you@example.org";

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task List_says_why_each_message_waits_and_when_it_is_tried_again()
    {
        using var rig = await FailingAsync();
        var line = Assert.Single(Desk(rig).List(new(QueueVerbs.List)));
        Assert.Equal(("queue:folder-failed", "a@b.example", 18), (line.Reason, line.Sender, line.Size));
        Assert.Contains("Not a directory", line.Error, StringComparison.Ordinal);
        Assert.True(line is { Tries: > 0, NextTry: not null });
        var copy = Assert.Single(line.Copies);
        Assert.Equal((Me, _folder["file/Maildir"]), (Assert.Single(copy.Recipients), copy.Path));
    }

    [Fact]
    public async Task Mail_over_a_quota_waits_with_a_reason_of_its_own()
    {
        using var rig = new DeliveryRig(_folder["spool"]);
        rig.Paths[Me] = _folder["Maildir"];
        var size = Path.Combine(Directory.CreateDirectory(_folder["Maildir"]).FullName, "maildirsize");
        await File.WriteAllTextAsync(size, "30S\n25 1\n", Ct);
        var entry = await rig.AddAsync("one", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count > 0);
        var line = Assert.Single(Desk(rig).List(new(QueueVerbs.List)));
        Assert.Equal("queue:quota", line.Reason);
        Assert.Contains("over quota: 25 octets in 1 messages, and maildirsize allows 30S", line.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(size, "3000S\n25 1\n", Ct);
        Assert.Equal(QueueOutcome.Delivered, (await rig.Queue.TryNowAsync(entry.Id, Ct)).Outcome);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["Maildir"]));
    }

    [Theory]
    [InlineData("", "", "", 0, 4)]
    [InlineData("me@example.org", "", "", 0, 2)]
    [InlineData("ME@EXAMPLE.ORG", "", "", 0, 2)]
    [InlineData("e@example.org", "", "", 0, 0)]
    [InlineData("@example.org", "", "", 0, 4)]
    [InlineData("", "a@b.example", "", 0, 4)]
    [InlineData("", "@b.example", "", 0, 4)]
    [InlineData("", "<>", "", 0, 0)]
    [InlineData("", "", "queue:stopped", 0, 4)]
    [InlineData("", "", "stopped", 0, 4)]
    [InlineData("", "", "queue:held", 0, 0)]
    [InlineData("you@example.org", "@b.example", "stopped", 0, 2)]
    [InlineData("", "", "", 3600, 0)]
    public async Task Filters_choose_whole_addresses_and_all_of_them_count(string to, string from, string reason, double older, int count)
    {
        using var rig = Idle();
        foreach (var mailbox in new[] { Me, You, Me, You })
        {
            await rig.AddAsync("one", mailbox);
        }

        var filter = new QueueFilter { To = to, From = from, Reason = reason, OlderThan = older };
        Assert.Equal(count, Desk(rig).List(new(QueueVerbs.List) { Filter = filter }).Count());
    }

    [Fact]
    public async Task Held_message_is_not_delivered_until_it_is_released_also_after_a_restart()
    {
        using var rig = await FailingAsync();
        var id = rig.Queue.Ids()[0];
        Assert.Equal(QueueOutcome.Done, (await rig.Queue.HoldAsync(id, Ct)).Outcome);
        Assert.Equal(QueueOutcome.Unchanged, (await rig.Queue.HoldAsync(id, Ct)).Outcome);
        Assert.Equal(QueueOutcome.Held, (await rig.Queue.TryNowAsync(id, Ct)).Outcome);
        rig.Paths[Me] = _folder["mended"];
        rig.Restart();
        var other = await rig.AddAsync("two", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Report(other.Id) is null);
        Assert.Equal("queue:held", Desk(rig).Find(SpoolEntry.TextOf(id))!.Reason);
        Assert.Equal(["two"], DeliveryRig.Inbox(_folder["mended"]));
        Assert.Equal(QueueOutcome.Done, (await rig.Queue.ReleaseAsync(id, Ct)).Outcome);
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        Assert.Equal(["one", "two"], DeliveryRig.Inbox(_folder["mended"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Deliver_says_how_the_try_ended()
    {
        using var rig = await FailingAsync();
        var id = rig.Queue.Ids()[0];
        var failed = await rig.Queue.TryNowAsync(id, Ct);
        Assert.Equal(QueueOutcome.Failed, failed.Outcome);
        Assert.Contains("Not a directory", failed.Detail, StringComparison.Ordinal);
        File.Delete(_folder["file"]);
        Assert.Equal(QueueOutcome.Delivered, (await rig.Queue.TryNowAsync(id, Ct)).Outcome);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["file/Maildir"]));
        Assert.Equal(QueueOutcome.NotFound, (await rig.Queue.TryNowAsync(id, Ct)).Outcome);
    }

    [Fact]
    public async Task Redirected_message_goes_to_the_other_mailbox_and_no_copy_that_was_delivered_goes_again()
    {
        using var rig = await FailingAsync(Me, You);
        await DeliveryRig.UntilAsync(() => rig.Queue.Report(rig.Queue.Ids()[0])!.Copies[1].Place == CopyPlace.Done);
        rig.Paths["boss@example.org"] = _folder["boss"];
        var desk = Desk(rig);
        var done = await DoneAsync(desk, Request(QueueVerbs.Redirect, rig) with { Target = "boss@example.org" });
        Assert.Equal("done", done.Result);
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        Assert.Equal((1, 1), (DeliveryRig.Inbox(_folder["boss"]).Length, DeliveryRig.Inbox(_folder["you"]).Length));
        Assert.Empty(rig.Queue.Failing);
    }

    [Fact]
    public async Task Redirection_holds_after_a_kill_and_keeps_its_folder()
    {
        using var rig = Idle();
        await rig.AddAsync("one", Me);
        Assert.Equal("done", (await DoneAsync(Desk(rig), Request(QueueVerbs.Redirect, rig) with { Target = You, Folder = "Junk" })).Result);
        using var killed = rig.Crash(_folder["killed"]);
        Assert.Equal((You, "Junk"), (killed.Pending[0].AimOf(0).Mailbox, killed.Pending[0].Folders[0].Folder));
    }

    [Theory]
    [InlineData("stranger@example.net", "no mailbox of this server")]
    [InlineData("@example.org", "no mailbox of this server")]
    [InlineData("../up", "not the name of a folder")]
    [InlineData(".hidden", "not the name of a folder")]
    [InlineData("", "not the name of a folder")]
    public async Task Mail_is_redirected_to_mailboxes_and_folders_of_ours_only(string target, string error)
    {
        using var rig = Idle();
        await rig.AddAsync("one", Me);
        var request = Request(QueueVerbs.Redirect, rig) with { Target = target };
        var reply = Assert.Single(await Desk(rig).AnswerAsync(request, Ct).ToListAsync(Ct));
        Assert.Contains(error, reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_message_is_listed_and_can_be_restored_until_it_is_forgotten()
    {
        using var rig = Idle();
        await rig.AddAsync("one", Me);
        var desk = Desk(rig);
        var request = Request(QueueVerbs.Delete, rig);
        Assert.Equal("done", (await DoneAsync(desk, request)).Result);
        Assert.Equal((0, "not-found"), (rig.Queue.Waiting, (await DoneAsync(desk, request)).Result));
        rig.Restart();
        desk = Desk(rig);
        Assert.Equal(0, rig.Queue.Waiting);
        var deleted = (await desk.AnswerAsync(new(QueueVerbs.Deleted), Ct).ToListAsync(Ct))[0].Deleted!;
        Assert.Equal((request.Ids[0], Me), (deleted.Id, Assert.Single(deleted.Recipients)));
        Assert.Equal("done", (await DoneAsync(desk, request with { Verb = QueueVerbs.Restore })).Result);
        Assert.Equal("unchanged", (await DoneAsync(desk, request with { Verb = QueueVerbs.Restore })).Result);
        Assert.Equal(QueueOutcome.Delivered, (await rig.Queue.TryNowAsync(rig.Queue.Ids()[0], Ct)).Outcome);
        Assert.Equal(["one"], DeliveryRig.Inbox(_folder["me"]));
    }

    /// <summary>Whatever is done while workers deliver, each message is delivered once, or deleted and not delivered.</summary>
    [Fact]
    public async Task Changes_do_not_race_with_deliveries()
    {
        const int count = 400;
        using var rig = new DeliveryRig(_folder["spool"]) { Paths = { [Me] = _folder["me"], [You] = _folder["you"] } };
        var desk = Desk(rig);
        var outcomes = new List<Task<string>>();
        for (var i = 0; i < count; i++)
        {
            var entry = await rig.AddAsync(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"m{i}"), Me);
            outcomes.Add(Task.Run(
                async () =>
                {
                    await desk.DoAsync(QueueVerbs.Hold, entry.QueueId, Ct);
                    var verb = entry.Id % 2 == 0 ? QueueVerbs.Delete : QueueVerbs.Redirect;
                    var done = await DoneAsync(desk, new(verb) { Ids = [entry.QueueId], Target = You });
                    await desk.DoAsync(QueueVerbs.Release, entry.QueueId, Ct);
                    return verb + " " + done.Result;
                },
                Ct));
        }

        var results = await Task.WhenAll(outcomes);
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        var mine = DeliveryRig.Inbox(_folder["me"]);
        var yours = DeliveryRig.Inbox(_folder["you"]);
        Assert.Equal(results.Count(r => r == "redirect done"), yours.Length);
        Assert.Equal(count - results.Count(r => r == "delete done"), mine.Concat(yours).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(mine.Length + yours.Length, mine.Concat(yours).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(true, "Subject: one\n")]
    [InlineData(false, "Subject: one\n\none\n")]
    public async Task Mail_is_shown_as_it_will_be_delivered(bool isHeader, string expected)
    {
        var part = isHeader ? QueuePart.Header : QueuePart.Message;
        using var rig = Idle();
        await rig.AddAsync("one", Me);
        var replies = await Desk(rig).AnswerAsync(Request(QueueVerbs.Show, rig) with { Part = part }, Ct).ToListAsync(Ct);
        Assert.Equal(expected, Encoding.ASCII.GetString([.. replies.SelectMany(r => r.Octets!)]));
    }

    /// <summary>A long queue is listed message by message: what was listed is garbage.</summary>
    [Fact]
    public async Task Long_queue_is_listed_in_bounded_memory()
    {
        const int count = 3000;
        using var rig = Idle();
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => rig.AddAsync("one", Me)));
        var listed = Look(Desk(rig));
        Assert.Equal(count, listed.Count);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.InRange(listed.Count(l => l.IsAlive), 0, 10);
    }

    // In a method of its own, so that no variable keeps what was listed.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static List<WeakReference> Look(QueueDesk desk)
    {
        var listed = new List<WeakReference>();
        foreach (var line in desk.List(new(QueueVerbs.List)))
        {
            listed.Add(new(line));
        }

        return listed;
    }

    private static QueueRequest Request(string verb, DeliveryRig rig) => new(verb) { Ids = [SpoolEntry.TextOf(rig.Queue.Ids()[0])] };

    private static async Task<DoneLine> DoneAsync(QueueDesk desk, QueueRequest request) =>
        Assert.Single(await desk.AnswerAsync(request, Ct).ToListAsync(Ct)).Done!;

    private DeliveryRig Idle() => new(_folder["spool"], isIdle: true) { Paths = { [Me] = _folder["me"], [You] = _folder["you"] } };

    private static QueueDesk Desk(DeliveryRig rig) => new(
        rig.Spool, rig.Queue,
        () => new Recipients(
            new BackstopOptions
            {
                Domains = ["example.org"],
                Data = rig.Directory,
                Mailboxes = rig.Paths.ToDictionary(p => p.Key, p => new MailboxOptions { Path = p.Value }, StringComparer.Ordinal),
            }),
        TimeProvider.System);

    // A message that waits because the first mailbox cannot be written; the others can.
    private async Task<DeliveryRig> FailingAsync(params string[] mailboxes)
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        var rig = new DeliveryRig(_folder["spool"]) { Paths = { [Me] = _folder["file/Maildir"], [You] = _folder["you"] } };
        await rig.AddAsync("one", mailboxes.Length > 0 ? mailboxes : [Me]);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count == 1);
        return rig;
    }
}
