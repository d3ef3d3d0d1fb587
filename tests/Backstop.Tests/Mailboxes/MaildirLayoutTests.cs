using Backstop.Mailboxes.Maildir;

namespace Backstop.Tests.Mailboxes;

public sealed class MaildirLayoutTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Makes_a_folder_and_marks_it_inside_a_mailbox(bool isInMailbox)
    {
        var folder = _folder["box/.Junk"];
        MaildirLayout.Make(folder, isInMailbox);
        Assert.All(["tmp", "new", "cur"], part => Assert.True(Directory.Exists(Path.Combine(folder, part))));
        Assert.Equal(isInMailbox, File.Exists(Path.Combine(folder, "maildirfolder")));
    }

    [Theory]
    [InlineData("mx.example", "mx.example")]
    [InlineData("a/b:c/d", "a\\057b\\072c\\057d")]
    public void A_host_in_a_name_is_neither_a_directory_nor_flags(string host, string name) =>
        Assert.Equal(name, MaildirLayout.HostInName(host));
}
