using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Runs;
using Backstop.Server.Web;

namespace Backstop.Tests.Server;

/// <summary>What is shown of the folders beside an inbox, whatever lies in them.</summary>
public sealed class FiledMailTests : IDisposable
{
    private const string Id = "1.backstop.x";

    private readonly TempFolder _folder = new();
    private readonly FiledMail _filed;

    public FiledMailTests()
    {
        OtherUser.Invite(_folder.Path);
        var options = new BackstopOptions { Data = _folder.Path, Domains = ["example.org"] };
        foreach (var (name, format) in new[] { ("ann", FolderFormat.Maildir), ("bob", FolderFormat.Maildir), ("mia", FolderFormat.Mbox) })
        {
            options.Mailboxes[$"{name}@example.org"] = new() { Path = _folder[name], Format = format };
        }

        foreach (var path in new[] { FileOf("ann"), FileOf("bob") })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "From: a@example.com\nSubject: hello\n\nhello\n");
        }

        File.WriteAllText(_folder["mia.Backscatter"], "From a@example.com Mon Nov  2 10:00:00 2026\nSubject: hello\n\nhello\n\n");
        var recipients = new Recipients(options);
        _filed = new(() => recipients, () => ["Backscatter"], new RunStore(_folder["runs"], TimeProvider.System), TimeProvider.System);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A message, a folder or a file that is for its owner only: the others are shown.</summary>
    [Fact]
    public void An_unreadable_folder_hides_no_other()
    {
        Assert.Equal(["ann@example.org", "bob@example.org", "mia@example.org"], Shown());
        Close(FileOf("ann"));
        Assert.Equal(["bob@example.org", "mia@example.org"], Shown());
        Close(_folder["mia.Backscatter"]);
        Assert.Equal(["bob@example.org"], Shown());
        Close(Path.GetDirectoryName(FileOf("bob"))!);
        Assert.Empty(Shown());
        OtherUser.Run(() =>
        {
            Assert.Null(_filed.Find("ann@example.org", "Backscatter", Id));
            Assert.Null(_filed.Find("bob@example.org", "Backscatter", Id));
            Assert.Null(_filed.Find("mia@example.org", "Backscatter", "0"));
        });
    }

    /// <summary>
    /// A flood's mbox of a gigabyte, mostly a hole: its end is read, and a message is found without what lies before it.
    /// </summary>
    [Fact]
    public void Of_a_large_mbox_only_the_end_is_read()
    {
        File.Delete(FileOf("ann"));
        File.Delete(FileOf("bob"));
        long at;
        using (var file = new FileStream(_folder["mia.Backscatter"], FileMode.Append))
        {
            file.Write("From a@example.com Mon Nov  2 10:00:00 2026\nSubject: before\n\nbefore\n\n"u8);
            file.SetLength(1L << 30);
            file.Position = file.Length;
            file.Write("\n\n"u8);
            at = file.Position;
            file.Write("From a@example.com Mon Nov  2 10:00:00 2026\nSubject: last\n\nlast\n\n"u8);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = Assert.Single(_filed.List("", "", 10));
        Assert.Equal(("last", $"{at}"), (found.Subject, found.Id));
        Assert.Equal("last", _filed.Find("mia@example.org", "Backscatter", found.Id)?.Message.Subject);
        Assert.Equal("hello", _filed.Find("mia@example.org", "Backscatter", "0")?.Message.Subject);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200 << 20);
    }

    [Fact]
    public void Of_many_messages_in_an_mbox_the_newest_are_shown()
    {
        File.WriteAllText(
            _folder["mia.Backscatter"],
            string.Concat(Enumerable.Range(0, 3001).Select(i =>
                $"From a@example.com Mon Nov  2 10:00:00 2026\nSubject: number {i}.\n\nhello\n\n")));
        Assert.Equal(3000, _filed.List("", "number", 5000).Count);
        Assert.Empty(_filed.List("", "number 0.", 5000));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1")]
    [InlineData("+0")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807")]
    public void Number_that_is_no_message_of_the_mbox_finds_none(string id) =>
        Assert.Null(_filed.Find("mia@example.org", "Backscatter", id));

    private static void Close(string path) =>
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private string FileOf(string mailbox) => Path.Combine(_folder[mailbox], ".Backscatter", "new", Id);

    private List<string> Shown()
    {
        List<string> shown = [];
        OtherUser.Run(() => shown = [.. _filed.List("", "", 10).Select(m => m.Mailbox).Order(StringComparer.Ordinal)]);
        return shown;
    }
}
