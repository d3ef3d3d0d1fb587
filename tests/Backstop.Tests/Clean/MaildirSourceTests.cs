using System.Diagnostics;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;

namespace Backstop.Tests.Clean;

/// <summary>What lies in a Maildir beside messages: it is left alone, and that is said.</summary>
public sealed class MaildirSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _maildir;

    public MaildirSourceTests()
    {
        // The mailbox itself is a link, as people have them whose mail lies on another disk.
        Directory.CreateDirectory(_folder["disk"]);
        _maildir = _folder["Maildir"];
        Directory.CreateSymbolicLink(_maildir, _folder["disk"]);
        foreach (var part in new[] { "new", "cur", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(_maildir, part));
        }

        File.WriteAllText(Path.Combine(_maildir, "new", "1795600000.M1.h"), "Subject: x\n\ny\n");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mailbox_behind_a_link_is_read_without_a_remark()
    {
        await using IMailSource source = new MaildirSource(_maildir, new HashSet<string>(), isInboxOnly: false);
        Assert.Single(await source.SortAsync(Judge(), new Meter(), Ct));
        Assert.Null(source.Remark);
    }

    [Fact]
    public async Task Leaves_links_and_fifos_alone_and_reports_them()
    {
        var link = Path.Combine(_maildir, "cur", "1795600001.M2.h:2,");
        File.WriteAllText(_folder["elsewhere"], "Subject: x\n\ny\n");
        File.CreateSymbolicLink(link, _folder["elsewhere"]);
        await using IMailSource source = new MaildirSource(_maildir, new HashSet<string>(), isInboxOnly: false);
        Assert.Single(await source.SortAsync(Judge(), new Meter(), Ct));
        Assert.Equal($"{link}: not a regular file but a link, FIFO or device; left alone", source.Remark);

        using var made = Process.Start("/usr/bin/mkfifo", Path.Combine(_maildir, "cur", "fifo"));
        await made.WaitForExitAsync(Ct);
        Assert.Single(await source.SortAsync(Judge(), new Meter(), Ct));
        Assert.EndsWith(" and 1 more: not regular files but links, FIFOs or devices; left alone", source.Remark, StringComparison.Ordinal);
    }

    /// <summary>Put in a message's place after it was judged.</summary>
    [Fact]
    public void Deleting_leaves_a_link_where_it_is()
    {
        File.WriteAllText(_folder["elsewhere"], "Subject: x\n\ny\n");
        File.CreateSymbolicLink(Path.Combine(_maildir, "new", "link"), _folder["elsewhere"]);
        var tree = MaildirTree.Open(_maildir);
        using var run = new RunStore(_folder["runs"], TimeProvider.System).Create(tree.Root, "maildir", "");
        Assert.Equal(1, new MaildirMover(run, tree).Delete(["new/link", "new/1795600000.M1.h", "new/gone"], () => { }, Ct));
        Assert.Equal(["link"], Directory.GetFileSystemEntries(Path.Combine(_maildir, "new")).Select(Path.GetFileName));
        Assert.True(File.Exists(_folder["elsewhere"]));
    }

    public void Dispose() => _folder.Dispose();

    private static CleanJudge Judge()
    {
        var (sent, options) = (new SentMail(null, 0), new BackstopOptions());
        return new(
            new StoredJudge(options, Proving.Create(options, sent, []), asksWhoTo: false), sent, believesHosts: false, needsSent: true);
    }
}
