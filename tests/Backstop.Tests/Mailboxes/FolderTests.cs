using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Maildir;
using Backstop.Mailboxes.Mbox;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Spool;
using CsCheck;

namespace Backstop.Tests.Mailboxes;

/// <summary>Delivering twice leaves one copy, whatever happened in between.</summary>
public sealed class FolderTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SpoolLog _spool;

    public FolderTests() => (_spool, _, _) = SpoolLog.Open(_folder["spool"], new() { SegmentSize = 1 << 20 }, TimeProvider.System);

    private FolderRef Inbox(FolderFormat format) => new(format, _folder[format.ToString()], FolderRef.Inbox);

    public void Dispose()
    {
        _spool.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Maildir_holds_header_and_body_and_tells_its_sizes()
    {
        var inbox = Inbox(FolderFormat.Maildir);
        await ToMaildirAsync(inbox, "Subject: x\n\nbody\n");
        var file = Assert.Single(Directory.GetFiles(Path.Combine(inbox.Path, "new")));
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal("X-One: 1\nReceived: x\nSubject: x\n\nbody\n", text);
        Assert.EndsWith($",S={text.Length},W={text.Length + 5}", file, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(inbox.Path, "tmp")));
    }

    [Fact]
    public async Task Maildir_folder_lies_inside_as_maildir_plus_plus()
    {
        await ToMaildirAsync(Inbox(FolderFormat.Maildir) with { Folder = "Backscatter" }, "a: b\n\n");
        Assert.Single(Directory.GetFiles(_folder["Maildir/.Backscatter/new"]));
        Assert.True(File.Exists(_folder["Maildir/.Backscatter/maildirfolder"]));
    }

    [Theory]
    [InlineData("new", "")]
    [InlineData("cur", ":2,S")]
    public async Task Maildir_delivery_after_a_crash_finds_the_first_copy(string where, string flags)
    {
        var inbox = Inbox(FolderFormat.Maildir);
        var (entry, content) = await ToMaildirAsync(inbox, "a: b\n\n");
        var file = Directory.GetFiles(Path.Combine(inbox.Path, "new")).Single();
        File.Move(file, Path.Combine(inbox.Path, where, Path.GetFileName(file) + flags));
        new MaildirFolder(inbox, "host").Deliver(entry, content, 0, mayBeThere: true);
        Assert.Single(MessageFiles.Read(inbox.Path));
    }

    /// <summary>A file that was not synced may be short behind a power failure; its owner may have read it meanwhile.</summary>
    [Theory]
    [InlineData("new", "", 0)]
    [InlineData("new", "", 20)]
    [InlineData("cur", ":2,S", 0)]
    public async Task Torn_copy_is_written_anew_in_its_place(string where, string flags, int length)
    {
        var inbox = Inbox(FolderFormat.Maildir);
        var (entry, content) = await ToMaildirAsync(inbox, "a: b\n\nbody\n");
        var file = Directory.GetFiles(Path.Combine(inbox.Path, "new")).Single();
        var whole = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var torn = Path.Combine(inbox.Path, where, Path.GetFileName(file) + flags);
        File.Move(file, torn);
        using (var stream = File.OpenWrite(torn))
        {
            stream.SetLength(length);
        }

        var again = new MaildirFolder(inbox, "host");
        Assert.False(again.Has(entry, content.Envelope, 0));
        again.Deliver(entry, content, 0, mayBeThere: true);
        Assert.Single(MessageFiles.Read(inbox.Path));
        Assert.Equal(whole, await File.ReadAllTextAsync(torn, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Combine(inbox.Path, "tmp")));
    }

    [Fact]
    public async Task Mbox_quotes_and_reading_takes_it_off_again()
    {
        const string body = "Subject: x\n\nFrom here\n>From there\ntext From\nlast";
        var inbox = Inbox(FolderFormat.Mbox);
        await ToMboxAsync(inbox, body);
        await ToMboxAsync(inbox, "Subject: y\n\n");
        var messages = MessageFiles.Read(inbox.Path).Select(m => Encoding.ASCII.GetString(m.Bytes.Span)).ToList();
        Assert.Equal(2, messages.Count);
        Assert.EndsWith(body + "\n", messages[0], StringComparison.Ordinal);
        Assert.Contains(
            ">>From there", await File.ReadAllTextAsync(inbox.Path, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(File.Exists(inbox.Path + ".lock"));
    }

    [Fact]
    public void Mbox_gives_back_any_body() =>
        Gen.OneOf("From a\n", ">From b\n", ">>>From c\n", "\n", "text\n", ">\n", "Fro", ">").Array[0, 12].Sample(
            lines =>
            {
                var body = "a: b\n\n" + string.Concat(lines);
                body += body.EndsWith('\n') ? "" : "\n";
                using var folder = new TempFolder();
                var inbox = new FolderRef(FolderFormat.Mbox, folder["mbox"], FolderRef.Inbox);
                ToMboxAsync(inbox, body).GetAwaiter().GetResult();
                Assert.EndsWith(
                    "X-One: 1\nReceived: x\n" + body, Encoding.ASCII.GetString(MessageFiles.Read(inbox.Path).Single().Bytes.Span),
                    StringComparison.Ordinal);
            },
            iter: 60, threads: 1);

    [Fact]
    public void Any_file_can_be_read_as_messages() =>
        Gen.OneOf("From a\n", ">From b\n", "\n", "x: y\n", "\r\n", "text", "\0").Array[0, 12].Sample(
            parts =>
            {
                File.WriteAllText(_folder["any"], string.Concat(parts));
                foreach (var message in MessageFiles.Read(_folder["any"]))
                {
                    Assert.True(message.Bytes.Length <= string.Concat(parts).Length);
                }
            },
            iter: 100, threads: 1);

    /// <summary>Every point at which a crash may cut an append: the message is in the file once and whole afterwards.</summary>
    [Fact]
    public async Task Mbox_append_cut_anywhere_is_mended()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        await ToMboxAsync(inbox, "Subject: first\n\nFrom x\n");
        var before = new FileInfo(inbox.Path).Length;
        var (entry, content) = await ToMboxAsync(inbox, "Subject: second\n\nFrom y\nend\n");
        var whole = await File.ReadAllBytesAsync(inbox.Path, TestContext.Current.CancellationToken);

        // The id stands in the second line; a cut before it cannot happen: it is in the first block the kernel writes.
        var idEnd = Encoding.ASCII.GetString(whole)
            .IndexOf('\n', Encoding.ASCII.GetString(whole).LastIndexOf(MboxFolder.IdField, StringComparison.Ordinal))
            + 1;
        Assert.True(idEnd > before);
        for (var cut = idEnd; cut <= whole.Length; cut++)
        {
            await File.WriteAllBytesAsync(inbox.Path, whole[..cut], TestContext.Current.CancellationToken);
            Assert.Equal(
                1, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, MayBeThere: true)]));
            Assert.Equal(whole, await File.ReadAllBytesAsync(inbox.Path, TestContext.Current.CancellationToken));
        }
    }

    /// <summary>
    /// The order of replay is not the order of delivery: another message may come first, and must not bury the copy that the kill
    /// tore.
    /// </summary>
    [Fact]
    public async Task Torn_mbox_copy_is_mended_whatever_comes_first()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (torn, tornContent) = await ToMboxAsync(inbox, "a: torn\n\none\ntwo\n");
        var (other, otherContent) = await SpoolAsync(inbox, "a: other\n\n" + new string('x', 500) + "\n");
        var whole = await File.ReadAllBytesAsync(inbox.Path, TestContext.Current.CancellationToken);
        var idEnd = whole.AsSpan().IndexOf("X-Backstop-Id"u8)
            + whole.AsSpan()[whole.AsSpan().IndexOf("X-Backstop-Id"u8)..].IndexOf((byte)'\n') + 1;
        for (var cut = idEnd; cut <= whole.Length; cut++)
        {
            await File.WriteAllBytesAsync(inbox.Path, whole[..cut], TestContext.Current.CancellationToken);
            var folder = new MboxFolder(inbox, _spool.Instance, TimeProvider.System);
            Assert.Equal(2, folder.Deliver([new(other, otherContent, 0, MayBeThere: true), new(torn, tornContent, 0, MayBeThere: true)]));
            var messages = Backstop.Mailboxes.Reading.MessageFiles.Read(inbox.Path)
                .Select(m => Encoding.ASCII.GetString(m.Bytes.Span)).ToList();
            Assert.Equal(2, messages.Count);
            Assert.Single(messages, m => m.Contains("a: torn\n\none\ntwo\n", StringComparison.Ordinal));
            Assert.Single(messages, m => m.Contains("a: other\n", StringComparison.Ordinal));
        }
    }

    /// <summary>
    /// While we were dead another program went on: its message is not ours to cut off, and ours is not there until it is whole.
    /// </summary>
    [Fact]
    public async Task Torn_mbox_copy_that_another_program_wrote_behind_is_delivered_again()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (torn, content) = await ToMboxAsync(inbox, "a: torn\n\none\ntwo\n");
        var whole = await File.ReadAllTextAsync(inbox.Path, TestContext.Current.CancellationToken);
        var foreign = "\n\nFrom b@c.d Thu Jan  1 00:00:00 2026\na: foreign\n\n" + new string('x', 500) + "\n\n";
        await File.WriteAllTextAsync(
            inbox.Path, whole[..whole.IndexOf("one", StringComparison.Ordinal)] + foreign, TestContext.Current.CancellationToken);
        Assert.Equal(1, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(torn, content, 0, MayBeThere: true)]));
        var text = await File.ReadAllTextAsync(inbox.Path, TestContext.Current.CancellationToken);
        Assert.Contains(foreign, text, StringComparison.Ordinal);
        Assert.Contains("a: torn\n\none\ntwo\n\n", text, StringComparison.Ordinal);
    }

    /// <summary>A mail program that notes a message as read changes its bytes, not its being there.</summary>
    [Fact]
    public async Task Mbox_copy_that_a_mail_program_has_changed_is_not_delivered_again()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (entry, content) = await ToMboxAsync(inbox, "a: b\n\none\n");
        var read = (await File.ReadAllTextAsync(inbox.Path, TestContext.Current.CancellationToken))
            .Replace("a: b\n", "a: b\nStatus: RO\n", StringComparison.Ordinal);
        await File.WriteAllTextAsync(inbox.Path, read, TestContext.Current.CancellationToken);
        Assert.Equal(1, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, MayBeThere: true)]));
        Assert.Equal(read, await File.ReadAllTextAsync(inbox.Path, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("From x\na: first\n\nno line end")]
    [InlineData("From x\na: first\n\none\n")]
    [InlineData("From x\na: first\n\none\n\n")]
    public async Task Mbox_message_begins_behind_an_empty_line_however_the_file_ends(string before)
    {
        var inbox = Inbox(FolderFormat.Mbox);
        await File.WriteAllTextAsync(inbox.Path, before, TestContext.Current.CancellationToken);
        await ToMboxAsync(inbox, "a: second\n\ntwo\n");
        Assert.Equal(2, Backstop.Mailboxes.Reading.MessageFiles.Read(inbox.Path).Count());
    }

    [Fact]
    public async Task Mbox_is_left_alone_while_somebody_holds_its_dot_lock()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (entry, content) = await ToMboxAsync(inbox, "a: b\n\n");
        await File.WriteAllTextAsync(inbox.Path + ".lock", "0", TestContext.Current.CancellationToken);
        Assert.Equal(0, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, false)]));
        Assert.True(File.Exists(inbox.Path + ".lock"));
        Assert.Single(Directory.GetFiles(_folder.Path, "Mbox.lock*"));
    }

    [Fact]
    public async Task Stale_dot_lock_is_broken_and_a_long_one_never()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (entry, content) = await ToMboxAsync(inbox, "a: b\n\n");
        await File.WriteAllTextAsync(inbox.Path + ".lock", "0", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(inbox.Path + ".lock", TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        Assert.Equal(1, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, false)]));

        await File.WriteAllTextAsync(inbox.Path + ".lock", new string('x', 17), TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(inbox.Path + ".lock", TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        Assert.Equal(0, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, false)]));
    }

    [Fact]
    public async Task Dot_lock_that_a_killed_run_left_is_our_own_and_taken_over()
    {
        var inbox = Inbox(FolderFormat.Mbox);
        var (entry, content) = await ToMboxAsync(inbox, "a: b\n\n");
        await File.WriteAllTextAsync(inbox.Path + ".lock", _spool.Instance, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(inbox.Path + ".lock." + _spool.Instance, "", TestContext.Current.CancellationToken);
        Assert.Equal(1, new MboxFolder(inbox, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, false)]));
        Assert.Empty(Directory.GetFiles(_folder.Path, "Mbox.lock*"));
        Assert.InRange(_spool.Instance.Length, 1, 16);
    }

    private async Task<(SpoolEntry Entry, SpoolContent Content)> ToMaildirAsync(FolderRef folder, string body)
    {
        var (entry, content) = await SpoolAsync(folder, body);
        new MaildirFolder(folder, "host").Deliver(entry, content, 0, mayBeThere: false);
        return (entry, content);
    }

    private async Task<(SpoolEntry Entry, SpoolContent Content)> ToMboxAsync(FolderRef folder, string body)
    {
        var (entry, content) = await SpoolAsync(folder, body);
        Assert.Equal(1, new MboxFolder(folder, _spool.Instance, TimeProvider.System).Deliver([new(entry, content, 0, MayBeThere: false)]));
        return (entry, content);
    }

    private async Task<(SpoolEntry Entry, SpoolContent Content)> SpoolAsync(FolderRef folder, string body)
    {
        var envelope = new SpoolEnvelope(
            1_700_000_000_000, "a@b.example", body.Count(c => c == '\n'), null, body.Length, "Received: x\n",
            [new(folder, "X-One: 1\n")]);
        var entry = await _spool.AppendAsync(_spool.NextId(), envelope, Encoding.ASCII.GetBytes(body));
        return (entry, _spool.Read(entry));
    }
}
