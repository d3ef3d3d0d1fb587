using Backstop.Configuration.Options;
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
        _filed = new(new(options), ["Backscatter"], new RunStore(_folder["runs"], TimeProvider.System), TimeProvider.System);
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
