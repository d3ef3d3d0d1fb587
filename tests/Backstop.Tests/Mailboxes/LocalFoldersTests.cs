using System.Text;
using Backstop.Mailboxes.Local;
using Backstop.Mailboxes.Locks;
using Backstop.Tests.Server;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Mailboxes;

public sealed class LocalFoldersTests : IDisposable
{
    private const string Mail = "From ann@example.org Mon Nov  2 10:00:00 2026\nSubject: x\n\nFrom here\n";
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new(2026, 11, 2, 10, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Mail, "From ann@example.org Mon Nov  2 10:00:00 2026\nSubject: x\n\n>From here\n\n")]
    [InlineData("Subject: x\n\nb", "From MAILER-DAEMON Mon Nov  2 10:00:00 2026\nSubject: x\n\nb\n")]
    [InlineData("Return-Path: <a@b>\n\nb\n\n", "From a@b Mon Nov  2 10:00:00 2026\nReturn-Path: <a@b>\n\nb\n\n")]
    [InlineData("From a Mon\nContent-Length: 999\n\nFrom b\n", "From a Mon\nContent-Length:   7\n\nFrom b\n\n")]
    [InlineData("From a Mon\nContent-Length: 4x\n\nFrom b\n", "From a Mon\nContent-Length:  7\n\nFrom b\n\n")]
    [InlineData("From a Mon\nContent-Length:4\n\nbody\nFrom b\nFrom c\n", "From a Mon\nContent-Length:9\n\nbody\nFrom b\n>From c\n\n")]
    [InlineData("From: A <a@b>\n\nb\n\n", "From a@b Mon Nov  2 10:00:00 2026\nFrom: A <a@b>\n\nb\n\n")]
    [InlineData("To: x\nFrom: a@b (A)\n\nb\n\n", "From a@b Mon Nov  2 10:00:00 2026\nTo: x\nFrom: a@b (A)\n\nb\n\n")]
    [InlineData(
        "From: a@b\nreturn-path: <>\n\nb\n\n", "From MAILER-DAEMON Mon Nov  2 10:00:00 2026\nFrom: a@b\nreturn-path: <>\n\nb\n\n")]
    public void An_mbox_can_be_read_again(string mail, string expected)
    {
        Deliver(mail, "box", new() { AddsFromLine = true });
        Assert.Equal(expected, File.ReadAllText(_folder["box"]));
    }

    /// <summary>Names that a variable without a value leaves.</summary>
    [Theory]
    [InlineData(".", "msg.*")]
    [InlineData("./", "new/*")]
    [InlineData("../here", "msg.*")]
    [InlineData("./.", "1")]
    [InlineData("md//", "md/new/*")]
    public void A_folder_may_be_the_directory_itself(string name, string file)
    {
        Directory.CreateDirectory(_folder["here"]);
        Folders().Deliver(
            [name], _folder["here"], new([Bytes(Mail)], HasHeader: true, IsRaw: false), new(), TestContext.Current.CancellationToken);
        var (directory, pattern) = (Path.GetDirectoryName(file)!, Path.GetFileName(file));
        Assert.Single(Directory.GetFiles(Path.Combine(_folder["here"], directory), pattern));
    }

    /// <summary>Whoever may write a lockfile might take it for a file of his.</summary>
    [Fact]
    public void A_lockfile_may_only_be_read_by_its_owner()
    {
        Assert.True(Lock("1.a").TryTake());
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(_folder["x.lock"]));
    }

    [Fact]
    public void An_mbox_grows_and_is_left_as_it_was_where_it_cannot()
    {
        Deliver(Mail, "box", new());
        var once = File.ReadAllText(_folder["box"]);
        Deliver(Mail, "box", new());
        Assert.Equal(once + once, File.ReadAllText(_folder["box"]));
        Assert.Throws<IOException>(() => Deliver(Mail, "none/box", new()));
    }

    [Fact]
    public void Directories_have_a_file_a_message()
    {
        Directory.CreateDirectory(_folder["dir"]);
        var copy = Folders().Deliver(
            ["md/", "mh/.", "dir"], _folder.Path, new([Bytes(Mail)], HasHeader: true, IsRaw: false), new(),
            TestContext.Current.CancellationToken);
        Assert.Matches("^md/new/[^ ]+,S=22 mh/1 dir/msg\\.[^ ]+$", copy.Name);
        Assert.Equal("Subject: x\n\nFrom here\n", File.ReadAllText(_folder["mh/1"]));
        Assert.Empty(Directory.GetFiles(_folder["md/tmp"]));
        File.WriteAllText(_folder["mh/41"], "");
        Deliver(Mail, "mh/.", new());
        Assert.True(File.Exists(_folder["mh/42"]));
    }

    /// <summary>The first copy is there for good: called a failure, the mail would be filed somewhere else too.</summary>
    [Fact]
    public void A_second_folder_that_cannot_be_had_is_told_and_fails_nothing()
    {
        var elsewhere = $"/dev/shm/{Path.GetFileName(_folder.Path)}";
        var copy = Folders().Deliver(
            ["md/", "gone/md/", elsewhere + "/"], _folder.Path, new([Bytes(Mail)], HasHeader: true, IsRaw: false), new(),
            TestContext.Current.CancellationToken);
        Assert.Single(Directory.GetFiles(_folder["md/new"]));
        Assert.Contains("gone does not exist", Assert.Single(copy.Missed), StringComparison.Ordinal);

        // On another file system no link can be made: a copy is.
        Assert.Equal("Subject: x\n\nFrom here\n", File.ReadAllText(Assert.Single(Directory.GetFiles(elsewhere + "/new"))));
        Assert.Equal(2, copy.Name.Split(' ').Length);
        Directory.Delete(elsewhere, recursive: true);
    }

    [Theory]
    [InlineData(0b000_010_010, 0b110_100_101, 0b111_101_101)]
    [InlineData(0b000_111_111, 0b110_000_000, 0b111_000_000)]
    public void Umask_says_who_may_read(int umask, int file, int directory)
    {
        Deliver(Mail, "md/", new() { Umask = umask });
        Assert.Equal((UnixFileMode)directory, File.GetUnixFileMode(_folder["md"]));
        Assert.Equal((UnixFileMode)(file & ~ProcessUmask()), File.GetUnixFileMode(Directory.GetFiles(_folder["md/new"])[0]));
    }

    [Fact]
    public void A_Maildir_whose_parent_is_gone_is_not_made() =>
        Assert.Throws<DirectoryNotFoundException>(() => Deliver(Mail, "a/b/md/", new()));

    [Fact]
    public void A_lockfile_is_taken_once_and_given_back()
    {
        var (ours, theirs) = (Lock("1.a"), Lock("2.b"));
        Assert.True(ours.TryTake());
        Assert.False(theirs.TryTake());
        Assert.Equal("1.a", File.ReadAllText(_folder["x.lock"]));
        theirs.Release();
        Assert.True(File.Exists(_folder["x.lock"]));
        ours.Release();
        Assert.True(theirs.TryTake());
        Assert.Equal(["x.lock"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_stale_lockfile_is_broken_and_a_big_or_living_one_is_not()
    {
        File.WriteAllText(_folder["x.lock"], "0");
        File.SetLastWriteTimeUtc(_folder["x.lock"], DateTime.UnixEpoch);
        Assert.True(Lock("1.a").TryTake());
        File.WriteAllText(_folder["x.lock"], "0123456789abcdefg");
        File.SetLastWriteTimeUtc(_folder["x.lock"], DateTime.UnixEpoch);
        Assert.False(Lock("1.a").TryTake());
        File.WriteAllText(_folder["x.lock"], "0");
        File.SetLastWriteTimeUtc(_folder["x.lock"], DateTime.UtcNow);
        Assert.False(new DotLock(_folder["x.lock"], "1.a", TimeSpan.FromSeconds(1024), TimeProvider.System).TryTake());
    }

    /// <summary>Somebody else has made another in the meantime, which we may not read: not even root may read this one.</summary>
    [Fact]
    public void A_lockfile_that_is_no_longer_ours_is_nobodys_failure()
    {
        var taken = new DotLock("/proc/sys/vm/drop_caches", "1.a", null, TimeProvider.System);
        taken.Refresh();
        taken.Release();
    }

    /// <summary>Programs make their lockfiles for their own eyes: another user's is held, not trouble.</summary>
    [Fact]
    public void A_lockfile_that_may_not_be_read_is_another_s()
    {
        OtherUser.Invite(_folder.Path);
        File.WriteAllText(_folder["x.lock"], "0");
        File.SetUnixFileMode(_folder["x.lock"], UnixFileMode.UserRead);
        File.SetLastWriteTimeUtc(_folder["x.lock"], _time.GetUtcNow().UtcDateTime);
        OtherUser.Run(() => Assert.False(Lock("1.a").TryTake()));
    }

    /// <summary>Woken when the lockfile goes, not by looking every 8 seconds.</summary>
    [Fact]
    public async Task A_waiter_gets_the_lock_when_it_goes()
    {
        var holder = new DotLock(_folder["x.lock"], "1.a", null, TimeProvider.System);
        Assert.True(holder.TryTake());
        var waiter = new DotLock(_folder["x.lock"], "2.b", null, TimeProvider.System);
        var waiting = Task.Run(
            () => LockWaiter.Take(_folder["x.lock"], isDotLockOnly: true, () => waiter.TryTake() ? waiter : null),
            TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        holder.Release();
        Assert.NotNull(await waiting.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    private static int ProcessUmask()
    {
        var path = Path.GetTempFileName() + ".umask";
        File.WriteAllText(path, "");
        var mode = (int)File.GetUnixFileMode(path);
        File.Delete(path);
        return 0b110_110_110 & ~mode;
    }

    private DotLock Lock(string owner) => new(_folder["x.lock"], owner, TimeSpan.FromSeconds(1024), _time);

    private LocalFolders Folders() => new("mx.example.org", "1.test", _time);

    private void Deliver(string mail, string folder, LocalRules rules) =>
        Folders().Deliver([folder], _folder.Path, new([Bytes(mail)], HasHeader: true, IsRaw: false), rules);

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
