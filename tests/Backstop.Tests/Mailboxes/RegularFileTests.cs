using System.Diagnostics;
using Backstop.Mailboxes.Reading;

namespace Backstop.Tests.Mailboxes;

/// <summary>What somebody has put into a Maildir beside messages: nothing there holds whoever reads it.</summary>
public sealed class RegularFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public RegularFileTests()
    {
        using var made = Process.Start("/usr/bin/mkfifo", _folder["fifo"]);
        made.WaitForExit();
        Directory.CreateDirectory(_folder["directory"]);
        File.WriteAllText(_folder["message"], "Subject: x\n\ny\n");
        File.CreateSymbolicLink(_folder["link"], _folder["message"]);
        File.CreateSymbolicLink(_folder["zero"], "/dev/zero");
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("directory")]
    [InlineData("zero")]
    public void What_is_no_regular_file_is_not_opened(string name)
    {
        Assert.Null(MessageFile.Use(_folder[name], 1 << 20, m => new object()));
        Assert.Throws<IOException>(() => RegularFile.Open(_folder[name], followLinks: true));
        Assert.Throws<IOException>(() => MessageFiles.ReadFile(_folder[name]).ToList());
    }

    [Fact]
    public void A_link_is_followed_only_where_a_person_named_it()
    {
        using (var file = RegularFile.Open(_folder["link"], followLinks: true))
        {
            Assert.Equal(14, RandomAccess.GetLength(file));
        }

        Assert.Throws<IOException>(() => RegularFile.Open(_folder["link"], followLinks: false));
        Assert.Throws<FileNotFoundException>(() => RegularFile.Open(_folder["gone"], followLinks: true));
    }

    public void Dispose() => _folder.Dispose();
}
