using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;

namespace Backstop.Tests.Mailboxes;

/// <summary>Messages go from one Maildir folder to another and come back: names, flags, times.</summary>
public sealed class MaildirRunTests : IDisposable
{
    private static readonly string[] _files = ["cur/1.a.host:2,FS", "new/2.b.host", ".Lists/cur/3.c.host,S=9:2,", "cur/4.d.host:2,S"];

    private readonly TempFolder _folder = new();
    private readonly RunStore _store;

    public MaildirRunTests()
    {
        _store = new(_folder["runs"], TimeProvider.System);
        foreach (var directory in new[] { "", ".Lists/" }.SelectMany(f => new[] { "cur", "new", "tmp" }.Select(p => f + p)))
        {
            Directory.CreateDirectory(_folder["mail/" + directory]);
        }

        foreach (var file in _files)
        {
            Write(file, file);
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Box => _folder["mail"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Move_and_undo_leave_the_tree_as_it_was()
    {
        var before = Tree();
        using var run = _store.Create(Box, "maildir", "Backscatter");
        Assert.Equal(3, Move(run, _files[..3]));
        Assert.Equal(
            [
                ".Backscatter/cur/1.a.host:2,FS", ".Backscatter/cur/3.c.host,S=9:2,", ".Backscatter/maildirfolder",
                ".Backscatter/new/2.b.host", "cur/4.d.host:2,S",
            ],
            Names());
        Assert.Equal(new(3, 0, 0), Undo(run));
        Assert.Equal(before, Tree());
        Assert.False(Directory.Exists(Path.Combine(Box, ".Backscatter")));
    }

    [Fact]
    public void Flags_that_changed_since_come_back_as_they_were_and_what_is_gone_is_told()
    {
        using var run = _store.Create(Box, "maildir", "Backscatter");
        Move(run, _files);
        File.Move(Path.Combine(Box, ".Backscatter/new/2.b.host"), Path.Combine(Box, ".Backscatter/cur/2.b.host:2,S"));
        File.Delete(Path.Combine(Box, ".Backscatter/cur/4.d.host:2,S"));
        File.WriteAllText(Path.Combine(Box, ".Backscatter/cur/9.other:2,"), "delivered meanwhile");
        Assert.Equal(new(3, 1, 0), Undo(run));
        Assert.Equal(
            [
                ".Backscatter/cur/9.other:2,", ".Backscatter/maildirfolder", ".Lists/cur/3.c.host,S=9:2,", "cur/1.a.host:2,FS",
                "new/2.b.host",
            ],
            Names());
    }

    [Fact]
    public void Names_that_are_taken_get_a_number()
    {
        Write(".Lists/cur/1.a.host:2,", "same name, another folder");
        var before = Tree();
        using var run = _store.Create(Box, "maildir", "Backscatter");
        Assert.Equal(2, Move(run, ["cur/1.a.host:2,FS", ".Lists/cur/1.a.host:2,"]));
        Assert.True(File.Exists(Path.Combine(Box, ".Backscatter/cur/1.a.host-1:2,")));
        Undo(run);
        Assert.Equal(before, Tree());
    }

    [Fact]
    public void Message_that_somebody_renamed_meanwhile_stays()
    {
        File.Move(Path.Combine(Box, "new/2.b.host"), Path.Combine(Box, "cur/2.b.host:2,S"));
        using var run = _store.Create(Box, "maildir", "Backscatter");
        Assert.Equal(3, Move(run, _files));
        Assert.Contains("cur/2.b.host:2,S", Names());
        Assert.Equal(3, Undo(run).Restored);
    }

    [Fact]
    public void Deleted_messages_come_back_with_their_times_and_rights()
    {
        var before = Tree();
        using var run = _store.Create(Box, "maildir", "");
        Assert.Equal(4, new MaildirMover(run, MaildirTree.Open(Box)).Delete(_files, () => { }, Ct));
        Assert.Empty(Names());
        Assert.Equal(new(4, 0, 0), Undo(run));
        Assert.Equal(before, Tree());
    }

    /// <summary>A mail program renamed it between the log and the deletion: it is there, and a copy would be a second one.</summary>
    [Fact]
    public void Message_that_was_renamed_before_it_could_be_deleted_does_not_come_back_twice()
    {
        using var run = _store.Create(Box, "maildir", "");
        File.Copy(Path.Combine(Box, "cur/4.d.host:2,S"), Path.Combine(Box, "cur/4.d.host:2,RS"));
        new MaildirMover(run, MaildirTree.Open(Box)).Delete(["cur/4.d.host:2,S"], () => { }, Ct);
        Assert.Equal(1, Undo(run).Restored);
        Assert.Single(Names(), n => n.StartsWith("cur/4.", StringComparison.Ordinal));
    }

    [Fact]
    public void Stopped_run_is_gone_on_with_and_taken_back_as_one()
    {
        var before = Tree();
        using (var run = _store.Create(Box, "maildir", "Backscatter"))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() =>
                new MaildirMover(run, MaildirTree.Open(Box)).Move(_files, ".Backscatter", stop.Cancel, stop.Token));
        }

        Assert.Equal(5, Names().Count);
        var last = _store.Unfinished(Box);
        Assert.NotNull(last);
        using var again = _store.Open(last.Id)!;
        Assert.Null(_store.Open(last.Id));
        Assert.Equal(3, Move(again, _files.Where(f => File.Exists(Path.Combine(Box, f)))));
        again.Append(new RunDone(4, TimeProvider.System.GetUtcNow()));
        Assert.Null(_store.Unfinished(Box));
        Undo(again);
        Assert.Equal(before, Tree());
        Assert.Equal(RunState.Undone, _store.List().Single().State);
    }

    [Fact]
    public void Log_that_a_crash_has_cut_is_read_up_to_there()
    {
        using (var run = _store.Create(Box, "maildir", "Backscatter"))
        {
            Move(run, _files[..1]);
        }

        var log = Path.Combine(Directory.EnumerateDirectories(_folder["runs"]).Single(), "log");
        File.AppendAllText(log, "{\"op\":\"move\",\"fr");
        using var again = _store.Open(_store.List().Single().Id)!;
        again.Append(new RunDone(1, TimeProvider.System.GetUtcNow()));
        Assert.Equal(1, _store.List().Single().Moved);
    }

    [Fact]
    public void Tree_knows_dotted_and_nested_folders_and_a_folder_alone()
    {
        Assert.Equal(["INBOX", "Lists"], MaildirTree.Open(Box).Folders.Select(f => f.Name));
        var alone = MaildirTree.Open(Path.Combine(Box, ".Lists"));
        Assert.Equal((Box, "Lists"), (alone.Root, Assert.Single(alone.Folders).Name));
        Directory.Move(Path.Combine(Box, ".Lists"), Path.Combine(Box, "Entw&APw-rfe"));
        var nested = MaildirTree.Open(Box);
        Assert.Equal(["INBOX", "Entwürfe"], nested.Folders.Select(f => f.Name));
        Assert.Equal(("Neu &AOQ-", "Entw&APw-rfe"), (nested.DirectoryOf("Neu ä"), nested.DirectoryOf("Entwürfe")));
    }

    [Theory]
    [InlineData("Sent", "Sent")]
    [InlineData("A & B", "A &- B")]
    [InlineData("Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s")]
    [InlineData("送信済み", "&kAFP4W4IMH8-")]
    public void Folder_names_are_modified_utf7(string text, string name)
    {
        Assert.Equal(name, ModifiedUtf7.Encode(text));
        Assert.Equal(text, ModifiedUtf7.Decode(name));
    }

    private int Move(Run run, IEnumerable<string> files) =>
        new MaildirMover(run, MaildirTree.Open(Box)).Move([.. files], ".Backscatter", () => { }, Ct);

    private static UndoResult Undo(Run run) => new MaildirUndo(run, TimeProvider.System).Undo(() => { }, Ct);

    private void Write(string file, string content)
    {
        File.WriteAllText(Path.Combine(Box, file), content);
        File.SetLastWriteTimeUtc(Path.Combine(Box, file), new(2008, 4, 1, 5, 0, 0, DateTimeKind.Utc));
    }

    private List<string> Names() =>
        [.. Directory.EnumerateFiles(
            Box, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Box, f)).Order(StringComparer.Ordinal)];

    private List<string> Tree() =>
        [.. Names().Select(n =>
            $"{n} {File.ReadAllText(Path.Combine(Box, n))} {File.GetLastWriteTimeUtc(Path.Combine(Box, n)):O} "
                + $"{File.GetUnixFileMode(Path.Combine(Box, n))}")];
}
