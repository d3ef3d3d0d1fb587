using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Spool;
using Backstop.Posix;

namespace Backstop.Tests.Mailboxes;

/// <summary>A Maildir++ quota (<c>maildirsize</c>) is kept right by us, and mail over it waits.</summary>
public sealed class MaildirQuotaTests : IDisposable
{
    private const string Body = "Subject: x\n\nbody\n";

    private readonly TempFolder _folder = new();
    private readonly SpoolLog _spool;

    public MaildirQuotaTests()
    {
        (_spool, _, _) = SpoolLog.Open(_folder["spool"], new() { SegmentSize = 1 << 20 }, TimeProvider.System);
        MaildirLayout.Make(Maildir, isInMailbox: false);
    }

    private string Maildir => _folder["Maildir"];

    private string SizeFile => Path.Combine(Maildir, "maildirsize");

    public void Dispose()
    {
        _spool.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Adds_its_own_line_for_each_message()
    {
        File.WriteAllText(SizeFile, "10000S,10C\n100 1\n");
        await DeliverAsync();
        await DeliverAsync("Junk");
        Assert.Equal($"10000S,10C\n100 1\n{Body.Length} 1\n{Body.Length} 1\n", File.ReadAllText(SizeFile));
    }

    [Fact]
    public async Task A_second_delivery_of_the_same_message_is_counted_once()
    {
        File.WriteAllText(SizeFile, "10000S\n");
        var (entry, content) = await SpoolAsync();
        var folder = new MaildirFolder(Ref("INBOX"), "host");
        folder.Deliver(entry, content, 0, mayBeThere: false);
        folder.Deliver(entry, content, 0, mayBeThere: false);
        folder.Deliver(entry, content, 0, mayBeThere: true);
        Assert.Equal($"10000S\n{Body.Length} 1\n", File.ReadAllText(SizeFile));
    }

    [Theory]
    [InlineData("20S\n10 1\n")]
    [InlineData("1C\n10 1\n")]
    [InlineData("0S,1C\n10 1\n")]
    [InlineData("20S,5C\n          10            1\n")]
    public async Task Mail_over_the_quota_is_not_written(string file)
    {
        File.WriteAllText(Path.Combine(Maildir, "cur", "1.a.host,S=10:2,S"), "0123456789");
        File.WriteAllText(SizeFile, file);
        var error = await Assert.ThrowsAsync<IOException>(() => DeliverAsync());
        Assert.Equal(Libc.OverQuota, error.HResult);
        Assert.Contains("quota", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(Maildir, "new")));
        Assert.Empty(Directory.GetFiles(Path.Combine(Maildir, "tmp")));
    }

    [Theory]
    [InlineData("100S,100C\n10 1\n80 50\n")]
    [InlineData("100S,100C\n90 3\n")]
    public async Task A_sum_that_is_stale_is_made_anew_before_mail_waits(string file)
    {
        // The user has deleted mail with a program that does not know the file: it says more than there is.
        File.WriteAllText(SizeFile, file);
        File.SetLastWriteTimeUtc(SizeFile, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        File.WriteAllText(Path.Combine(Maildir, "cur", "1.a.host,S=7:2,S"), "");
        File.WriteAllText(Path.Combine(Maildir, "cur", "2.a.host:2,"), "12345");
        File.WriteAllText(Path.Combine(Maildir, "cur", "3.a.host,S=1000:2,ST"), "trashed");
        MaildirLayout.Make(Path.Combine(Maildir, ".Trash"), isInMailbox: true);
        File.WriteAllText(Path.Combine(Maildir, ".Trash", "cur", "4.a.host,S=1000:2,S"), "");
        MaildirLayout.Make(Path.Combine(Maildir, ".Junk"), isInMailbox: true);
        File.WriteAllText(Path.Combine(Maildir, ".Junk", "new", "5.a.host,S=3"), "");
        await DeliverAsync();
        Assert.Equal($"100S,100C\n15 3\n{Body.Length} 1\n", File.ReadAllText(SizeFile));
    }

    [Fact]
    public async Task A_sum_that_was_just_made_is_believed()
    {
        File.WriteAllText(SizeFile, "20S\n10 1\n");
        await Assert.ThrowsAsync<IOException>(() => DeliverAsync());
        Assert.Equal("20S\n10 1\n", File.ReadAllText(SizeFile));
    }

    [Fact]
    public async Task A_long_file_is_written_anew()
    {
        File.WriteAllText(SizeFile, "1000000S\n" + string.Concat(Enumerable.Repeat("1 1\n", 2000)));
        await DeliverAsync();
        Assert.Equal($"1000000S\n0 0\n{Body.Length} 1\n", File.ReadAllText(SizeFile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\n")]
    [InlineData("0S,0C\n5 5\n")]
    [InlineData("99999999999999999999999S\n5 5\n")]
    public async Task What_sets_no_limit_limits_nothing(string file)
    {
        File.WriteAllText(SizeFile, file);
        await DeliverAsync();
        Assert.Single(Directory.GetFiles(Path.Combine(Maildir, "new")));
    }

    [Fact]
    public async Task A_link_in_its_place_is_neither_read_nor_written()
    {
        File.WriteAllText(_folder["other"], "1S\n");
        File.CreateSymbolicLink(SizeFile, _folder["other"]);
        await DeliverAsync();
        Assert.Equal("1S\n", File.ReadAllText(_folder["other"]));
        Assert.Single(Directory.GetFiles(Path.Combine(Maildir, "new")));
    }

    [Fact]
    public async Task Without_the_file_none_is_made()
    {
        await DeliverAsync();
        Assert.False(File.Exists(SizeFile));
    }

    private FolderRef Ref(string name) => new(FolderFormat.Maildir, Maildir, name);

    private async Task DeliverAsync(string folder = "INBOX")
    {
        var (entry, content) = await SpoolAsync();
        new MaildirFolder(Ref(folder), "host").Deliver(entry, content, 0, mayBeThere: false);
    }

    private async Task<(SpoolEntry Entry, SpoolContent Content)> SpoolAsync()
    {
        var body = Encoding.ASCII.GetBytes(Body);
        var envelope = new SpoolEnvelope(0, "", 3, null, body.Length, "", [new(Ref("INBOX"), "")]);
        var entry = await _spool.AppendAsync(_spool.NextId(), envelope, body);
        return (entry, _spool.Read(entry));
    }
}
