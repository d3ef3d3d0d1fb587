using System.Diagnostics;
using System.Text;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;
using Backstop.Server.Delivery;
using Backstop.Server.Users;

namespace Backstop.Tests.Server;

/// <summary>Mail for another user of this host, with real helpers: nobody is the user, and this process is root.</summary>
public sealed class UserDeliveryTests : IDisposable
{
    private const string Me = "me@example.org";

    private readonly TempFolder _folder = new();
    private readonly UserAccount _nobody;

    public UserDeliveryTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        _nobody = UserAccount.Find((int)OtherUser.Nobody)! with { Home = _folder["home"] };
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_001_001);
        Directory.CreateDirectory(Home, (UnixFileMode)0b111_000_000);
        FileOwner.Give(Home, OtherUser.Nobody, OtherUser.Nobody);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static IReadOnlyList<string> Backstop => [Environment.ProcessPath!, Path.Combine(AppContext.BaseDirectory, "backstop.dll")];

    private string Home => _folder["home"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_maildir_belongs_to_its_user()
    {
        using var rig = Rig(Backstop);
        await rig.AddAsync("one", Me);
        await rig.AddAsync("two", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 0);
        var files = Directory.GetFiles(Path.Combine(Home, "Maildir", "new"));
        Assert.Equal(2, files.Length);
        Assert.Equal(["one", "two"], DeliveryRig.Inbox(Path.Combine(Home, "Maildir")).Order());
        Assert.All(files.Append(Path.Combine(Home, "Maildir")), f => Assert.Equal((OtherUser.Nobody, OtherUser.Nobody), FileOwner.Of(f)));
        Assert.All(files, f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Fact]
    public async Task A_link_of_the_users_leads_nowhere_that_he_may_not_write()
    {
        Directory.CreateDirectory(_folder["roots"]);
        File.CreateSymbolicLink(Path.Combine(Home, "Maildir"), _folder["roots"]);
        using var rig = Rig(Backstop);
        await rig.AddAsync("one", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count > 0);
        Assert.Contains("denied", rig.Queue.Failing[0].Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["roots"]));
    }

    [Fact]
    public async Task A_quota_counts_for_a_user_too()
    {
        Directory.CreateDirectory(Path.Combine(Home, "Maildir"));
        File.WriteAllText(Path.Combine(Home, "Maildir", "maildirsize"), "1S\n");
        using var rig = Rig(Backstop);
        var entry = await rig.AddAsync("one", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count > 0);
        Assert.True(rig.Queue.Report(entry.Id)!.Copies[0].IsOverQuota);
    }

    /// <summary>The process is the user's own: it may say anything, and then mail waits.</summary>
    [Theory]
    [InlineData("exit 0", "nobody does not start: it has ended")]
    [InlineData("printf 'R\\0\\0\\0\\4nope'; cat >/dev/null", "nope")]
    [InlineData("printf 'R\\0\\0\\0\\0'; exit 0", "delivery helper of nobody")]
    [InlineData("printf 'R\\0\\0\\0\\0P\\177\\377\\377\\377'; cat >/dev/null", "octets")]
    [InlineData("printf 'R\\0\\0\\0\\0P\\377\\377\\377\\377'; cat >/dev/null", "octets")]
    [InlineData("printf 'R\\0\\0\\0\\0P\\0\\0\\0\\2{}'; cat >/dev/null", "something else")]
    [InlineData("printf 'R\\0\\0\\0\\0P\\0\\0\\0\\4null'; cat >/dev/null", "something else")]
    [InlineData("printf 'R\\0\\0\\0\\0P\\0\\0\\0\\3[]]'; cat >/dev/null", "JSON")]
    [InlineData("printf 'R\\0\\0\\0\\0Z\\0\\0\\0\\0'; cat >/dev/null", "expected")]
    public async Task A_helper_that_breaks_the_rules_delivers_nothing(string says, string error)
    {
        File.WriteAllText(_folder["helper"], says);
        using var rig = Rig(["/bin/sh", _folder["helper"]]);
        await rig.AddAsync("one", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count > 0);
        Assert.Contains(error, rig.Queue.Failing[0].Error, StringComparison.Ordinal);
        Assert.Equal(1, rig.Queue.Waiting);
    }

    /// <summary>What a lost helper had under way is looked for where its owner may have moved it, and is not doubled.</summary>
    [Fact]
    public async Task A_helper_that_is_lost_after_it_has_written_leaves_one_copy()
    {
        // It delivers, and answers nothing.
        File.WriteAllText(
            _folder["helper"],
            $"[ -e {Home}/was ] && exec \"$@\"\ntouch {Home}/was\n\"$@\" | head -c 5\nmv {Home}/Maildir/new/* {Home}/Maildir/cur/\n");
        using var rig = Rig(["/bin/sh", _folder["helper"], .. Backstop]);
        var entry = await rig.AddAsync("one", Me);
        await DeliveryRig.UntilAsync(() => rig.Queue.Failing.Count > 0);
        Assert.Single(Directory.GetFiles(Path.Combine(Home, "Maildir", "cur")));
        Assert.Equal(QueueOutcome.Delivered, (await rig.Queue.TryNowAsync(entry.Id, Ct)).Outcome);
        Assert.Single(Directory.GetFiles(Path.Combine(Home, "Maildir", "cur")));
        Assert.Empty(Directory.GetFiles(Path.Combine(Home, "Maildir", "new")));
    }

    [Fact]
    public async Task A_helper_that_hangs_delays_nobody_else()
    {
        File.WriteAllText(_folder["helper"], "printf 'R\\0\\0\\0\\0'; exec sleep 1000");
        Directory.CreateDirectory(_folder["others"]);
        using var rig = Rig(["/bin/sh", _folder["helper"]], m => m == Me ? _nobody : null);
        rig.Paths["you@example.org"] = _folder["others/Maildir"];
        await rig.AddAsync("hangs", Me);
        await rig.AddAsync("hangs too", Me);
        await rig.AddAsync("goes on", "you@example.org");
        await DeliveryRig.UntilAsync(() => DeliveryRig.Inbox(_folder["others/Maildir"]).Length == 1);
        await DeliveryRig.UntilAsync(() => rig.Queue.Waiting == 2);
    }

    [Fact]
    public async Task Recipes_run_as_their_user()
    {
        File.WriteAllText(_folder["secret"], "root's");
        File.SetUnixFileMode(_folder["secret"], UnixFileMode.UserRead);
        using var helpers = new UserHelpers(Backstop, TimeProvider.System);
        var (recipes, content) = await MakeAsync(
            helpers,
            $":0 c\n| (id -u; id -G; umask; cat {_folder["secret"]}; echo $HOME $LOGNAME; pwd) >who 2>&1\n"
                + ":0 fh\n| formail -A 'X-New: 1'\n:0\nLists/\n");
        Assert.Null(recipes.Run(content, 0, null, out var plan));
        var copy = Assert.Single(plan);
        Assert.Equal((Path.Combine(Home, "Lists"), true), (copy.Folder.Path, copy.Remade is not null));
        Assert.Contains("X-New: 1\n", Encoding.ASCII.GetString(copy.Remade!.Value.Span), StringComparison.Ordinal);
        var who = await File.ReadAllLinesAsync(Path.Combine(Home, "who"), Ct);
        Assert.Equal(["65534", "65534", "0077"], who[..3]);
        Assert.Contains("ermission denied", who[3], StringComparison.Ordinal);
        Assert.Equal([$"{Home} nobody", Home], who[4..]);
        Assert.Equal((OtherUser.Nobody, OtherUser.Nobody), FileOwner.Of(Path.Combine(Home, "who")));
    }

    [Theory]
    [InlineData("printf 'R\\0\\0\\0\\0'; while read -r l && [ \"$l\" != body ]; do :; done; printf 'B\\0\\0\\0\\0'; exit 0", null)]
    [InlineData("printf 'R\\0\\0\\0\\0'; exit 0", "delivery helper")]
    [InlineData(
        "printf 'R\\0\\0\\0\\0P\\0\\0\\0\\107{\"Plan\":[{\"Format\":\"Maildir\",\"Path\":\"not/absolute\",\"IsChanged\":false}]}'; "
            + "cat >/dev/null",
        "plan")]
    public async Task Recipes_of_a_lost_helper_run_again_unless_they_had_begun(string says, string? error)
    {
        File.WriteAllText(_folder["helper"], says);
        using var helpers = new UserHelpers(["/bin/sh", _folder["helper"]], TimeProvider.System);
        var (recipes, content) = await MakeAsync(helpers, ":0\nLists/\n");
        if (error is null)
        {
            Assert.Null(recipes.Run(content, 0, null, out var plan));
            Assert.Equal(recipes.Inbox, Assert.Single(plan).Folder);
            return;
        }

        var problem = Assert.ThrowsAny<IOException>(() => recipes.Run(content, 0, null, out _));
        Assert.Contains(error, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_helper_ends_and_a_dead_one_is_replaced()
    {
        using var helpers = new UserHelpers(Backstop, TimeProvider.System);
        var (recipes, content) = await MakeAsync(helpers, ":0 c\n| echo $PPID >parent\n:0\nLists/\n");
        Assert.Null(recipes.Run(content, 0, null, out _));
        Assert.Equal(1, helpers.Count);
        var process = int.Parse(File.ReadAllText(Path.Combine(Home, "parent")), System.Globalization.CultureInfo.InvariantCulture);
        using (var helper = Process.GetProcessById(process))
        {
            helper.Kill();
            await helper.WaitForExitAsync(Ct);
        }

        Assert.Null(recipes.Run(content, 0, null, out _));
        Assert.Equal(1, helpers.Count);
    }

    private DeliveryRig Rig(IReadOnlyList<string> program, Func<string, UserAccount?>? user = null)
    {
        var rig = new DeliveryRig(
            _folder["spool"], user: user ?? (_ => _nobody), helpers: () => new UserHelpers(program, TimeProvider.System));
        rig.Paths[Me] = Path.Combine(Home, "Maildir");
        return rig;
    }

    private async Task<(MailboxRecipes Recipes, SpoolContent Content)> MakeAsync(UserHelpers helpers, string rc)
    {
        File.WriteAllText(_folder["rc"], rc);
        File.SetUnixFileMode(_folder["rc"], (UnixFileMode)0b110_100_100);
        var mailbox = new Mailbox(MailAddress.TryParse(Me)!, FolderFormat.Maildir, Path.Combine(Home, "Maildir"), [Me], _folder["rc"])
        {
            User = _nobody,
        };
        var (spool, _, _) = SpoolLog.Open(_folder["spool"], new() { SegmentSize = 1 << 20 }, TimeProvider.System);
        using (spool)
        {
            var body = "Subject: x\n\nbody\n"u8.ToArray();
            var entry = await spool.AppendAsync(
                spool.NextId(),
                new(0, "a@b.example", 3, null, body.Length, "", [new(mailbox.Folder(FolderRef.Inbox), "")]), body);
            var options = new BackstopOptions { Hostname = "host", Data = _folder["data"] };
            return (new MailboxRecipes(mailbox, options, new(), TimeProvider.System, _ => { }, null, helpers), spool.Read(entry));
        }
    }
}
