using System.Diagnostics;
using System.Runtime.InteropServices;
using Backstop.Mailboxes.Reading;
using Backstop.Posix;

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
        Assert.Null(MessageFile.Use(_folder[name], followLinks: true, 1 << 20, m => new object(), out var result));
        Assert.Equal(OpenResult.NotRegular, result);
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

    /// <summary>Search programs make folders of links: what only reads them follows.</summary>
    [Fact]
    public void A_listed_link_is_read_by_what_only_reads() =>
        Assert.Equal(14, MessageFiles.ReadFile(_folder["link"]).Single().Bytes.Length);

    [Fact]
    public void A_file_that_is_gone_is_told_from_one_that_is_refused()
    {
        Assert.Null(MessageFile.Use(_folder["gone"], followLinks: false, 1 << 20, m => new object(), out var result));
        Assert.Equal(OpenResult.Gone, result);
        Assert.Null(MessageFile.Use(_folder["link"], followLinks: false, 1 << 20, m => new object(), out result));
        Assert.Equal(OpenResult.NotRegular, result);
        File.CreateSymbolicLink(_folder["round"], _folder["round"]);
        Assert.Throws<IOException>(() => MessageFile.Use(_folder["round"], followLinks: true, 1 << 20, m => new object(), out _));
    }

    /// <summary>
    /// Where the system does not say what a file is, it is not "no regular file": clean would leave out every message, and say nothing.
    /// </summary>
    [Fact]
    public void A_refused_look_at_a_file_is_an_error()
    {
        using var file = RegularFile.Open(_folder["message"], followLinks: false);
        Assert.Equal(OpenResult.Opened, Libc.KindOf(file, out var error));
        Assert.Equal(0, error);
        using var closed = new Microsoft.Win32.SafeHandles.SafeFileHandle(int.MaxValue, ownsHandle: false);
        Assert.Equal(OpenResult.Failed, Libc.KindOf(closed, out error));
        Assert.Equal(9, error);
    }

    /// <summary>fcntl.h of Linux: 0x20000 is O_LARGEFILE on ARM, so that links were followed there.</summary>
    [Theory]
    [InlineData(Architecture.X64, 0x20000)]
    [InlineData(Architecture.S390x, 0x20000)]
    [InlineData(Architecture.RiscV64, 0x20000)]
    [InlineData(Architecture.Arm64, 0x8000)]
    [InlineData(Architecture.Arm, 0x8000)]
    [InlineData(Architecture.Ppc64le, 0x8000)]
    public void O_nofollow_has_the_value_of_the_processor(Architecture processor, int flag) =>
        Assert.Equal(flag, Libc.NoFollow(processor));

    public void Dispose() => _folder.Dispose();
}
