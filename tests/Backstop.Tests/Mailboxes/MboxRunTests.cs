using System.Text;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;
using CsCheck;

namespace Backstop.Tests.Mailboxes;

/// <summary>Messages go from one mbox to another and come back, octet by octet; and a crash at any point can be gone over again.</summary>
public sealed class MboxRunTests : IDisposable
{
    private static readonly Gen<string> _body = MboxReaderTests.OneOf(
        "", "one line\n", "two\n\nlines\n", ">From quoted\n", "no end", "\r\ncrlf\r\n", new string('x', 3000) + "\n");

    private readonly TempFolder _folder = new();
    private int _number;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Move_and_undo_leave_every_octet_as_it_was() =>
        Gen.Select(
            Gen.Select(_body, Gen.Bool).List[1, 12],
            MboxReaderTests.OneOf("", "From old\n\nthere\n\n", "From old\n\nthere\n", "From old\n\nthere")).SampleAsync(
            async (messages, before) =>
            {
                var box = MakeBox(messages.Select(m => m.Item1), before);
                var original = await ReadAsync(box.Source);
                var cuts = Cuts(box.Source, i => messages[i].Item2);
                if (cuts.Count == 0)
                {
                    return;
                }

                using var run = box.Store.Create(box.Source, "mbox", "B");
                Assert.True(await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, cuts, box.Target, Ct));
                Assert.Equal(
                    string.Concat(messages.Select((m, i) => m.Item2 ? "" : Message(i, m.Item1, i == messages.Count - 1))),
                    await ReadAsync(box.Source));
                var moved = Parse(box.Target);
                Assert.Equal(cuts.Count + (before.Length > 0 ? 1 : 0), moved.Count);
                Assert.Equal(cuts.Select(c => c.Key), moved.TakeLast(cuts.Count).Select(m => MboxKey.Of(m.Raw.Span)));

                Assert.Equal(new(cuts.Count, 0, 0), await new MboxUndo(run, TimeProvider.System).UndoAsync(Ct));
                Assert.Equal(original, await ReadAsync(box.Source));
                Assert.Equal(
                    before.TrimEnd('\n'),
                    before.Length == 0 && !File.Exists(box.Target) ? "" : (await ReadAsync(box.Target)).TrimEnd('\n'));
                Assert.Equal(["log"], Directory.EnumerateFiles(run.Folder).Select(f => Path.GetFileName(f)));
            },
            iter: 150);

    [Fact]
    public async Task Mail_that_came_since_stays_behind_what_comes_back()
    {
        var box = MakeBox(["a\n", "b\n", "c"], "");
        using var run = box.Store.Create(box.Source, "mbox", "B");
        await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, Cuts(box.Source, i => i != 1), box.Target, Ct);
        await File.AppendAllTextAsync(box.Source, "From new\nSubject: new\n\nnew\n\n", Ct);
        await File.AppendAllTextAsync(box.Target, "From other\nSubject: other\n\nother\n\n", Ct);
        Assert.Equal(new(2, 0, 0), await new MboxUndo(run, TimeProvider.System).UndoAsync(Ct));
        Assert.Equal(
            Message(0, "a\n") + Message(1, "b\n") + Message(2, "c", isLast: true) + "\n\n" + "From new\nSubject: new\n\nnew\n\n",
            await ReadAsync(box.Source));
        Assert.Equal("From other\nSubject: other\n\nother\n\n", (await ReadAsync(box.Target)).TrimStart('\n'));
    }

    [Fact]
    public async Task Messages_are_found_again_when_a_mail_program_has_rewritten_the_folders()
    {
        var box = MakeBox(["a\n", "b\n", "c\n", "d\n"], "");
        using var run = box.Store.Create(box.Source, "mbox", "B");
        await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, Cuts(box.Source, i => i != 1), box.Target, Ct);
        var target = Parse(box.Target).Select(m => Encoding.Latin1.GetString(m.Raw.Span)).ToList();

        // One is deleted, one has got flags, their order is another; and the mailbox itself has flags, too.
        await File.WriteAllTextAsync(
            box.Target, target[2] + target[0].Replace("Subject:", "Status: RO\nX-Status: A\nSubject:", StringComparison.Ordinal), Ct);
        await File.WriteAllTextAsync(
            box.Source, (await ReadAsync(box.Source)).Replace("Subject:", "Status: O\nSubject:", StringComparison.Ordinal), Ct);
        Assert.Equal(new(2, 1, 2), await new MboxUndo(run, TimeProvider.System).UndoAsync(Ct));
        var back = Parse(box.Source).Select(m => Encoding.Latin1.GetString(m.Content().Span)).ToList();
        Assert.Equal(3, back.Count);
        Assert.Contains("Status: O\nSubject: 1", back[0], StringComparison.Ordinal);
        Assert.Contains("X-Status: A\nSubject: 0", back[1], StringComparison.Ordinal);
        Assert.Contains("Subject: 3", back[2], StringComparison.Ordinal);
        Assert.False(File.Exists(box.Target));
    }

    /// <summary>A run that was killed while it read under the locks has nothing to take back, but its locks.</summary>
    [Fact]
    public async Task Locks_of_a_killed_run_are_taken_away()
    {
        var box = MakeBox(["a\n"], "");
        using var run = box.Store.Create(box.Source, "mbox", "B");
        foreach (var path in new[] { box.Source, box.Target })
        {
            await File.WriteAllTextAsync(path + ".lock", "clean-" + run.Id[^4..], Ct);
        }

        await new MboxUndo(run, TimeProvider.System).UndoAsync(Ct);
        Assert.Equal(["box"], Directory.EnumerateFiles(Path.GetDirectoryName(box.Source)!).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public async Task Deleted_messages_come_back_from_the_run()
    {
        var box = MakeBox(["a\n", "b\n", "c\n"], "");
        var original = await ReadAsync(box.Source);
        using var run = box.Store.Create(box.Source, "mbox", "");
        await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, Cuts(box.Source, i => i < 2), null, Ct);
        Assert.Equal(Message(2, "c\n"), await ReadAsync(box.Source));
        Assert.Equal(new(2, 0, 0), await new MboxUndo(run, TimeProvider.System).UndoAsync(Ct));
        Assert.Equal(original, await ReadAsync(box.Source));
    }

    [Theory]
    [InlineData("From x\n\nin front\n\n", "")]
    [InlineData("", "Status: R\n")]
    public async Task Nothing_is_moved_out_of_an_mbox_that_has_changed(string inFront, string flag)
    {
        var box = MakeBox(["a\n", "b\n"], "");
        var cuts = Cuts(box.Source, i => i == 1);
        var changed = inFront + (await ReadAsync(box.Source)).Replace("Subject: 0", flag + "Subject: 0", StringComparison.Ordinal);
        await File.WriteAllTextAsync(box.Source, changed, Ct);
        using var run = box.Store.Create(box.Source, "mbox", "B");
        Assert.False(await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, cuts, box.Target, Ct));
        Assert.Equal(changed, await ReadAsync(box.Source));
    }

    [Fact]
    public async Task Mail_that_arrives_between_reading_and_moving_stays()
    {
        var box = MakeBox(["a\n", "b"], "");
        var cuts = Cuts(box.Source, _ => true);
        await File.AppendAllTextAsync(box.Source, "\n\nFrom new\nSubject: new\n\nnew\n\n", Ct);
        using var run = box.Store.Create(box.Source, "mbox", "B");
        Assert.True(await new MboxMover(run, TimeProvider.System).MoveAsync(box.Source, cuts, box.Target, Ct));
        Assert.Equal("From new\nSubject: new\n\nnew\n\n", await ReadAsync(box.Source));
    }

    /// <summary>
    /// The states in which a kill can leave a file, and then others may have appended to it before anybody goes over it again.
    /// </summary>
    [Fact]
    public Task Interrupted_change_is_repeated() =>
        Gen.Select(
            Gen.Int[0, 200], Gen.Int[0, 900], Gen.Int[0, 900], Gen.Int[0, 3], Gen.Double[0, 1],
            MboxReaderTests.OneOf("", "From new\n\nnew\n\n")).SampleAsync(
            async (keep, oldTail, newTail, state, part, extra) =>
            {
                var (head, was, will) = (Text('h', keep), Text('o', oldTail), Text('n', newTail));
                var box = MakeBox([], "");
                using var run = box.Store.Create(box.Source, "mbox", "B");
                string name;
                using (var staged = new StagedFile(run, "staged"))
                {
                    staged.Write(Encoding.ASCII.GetBytes(will));
                    staged.Sync();
                    name = staged.Name;
                }

                var cutOff = oldTail > newTail ? was[newTail..] : "";
                run.Append(
                    new MboxEdits([new(box.Source, keep, keep + oldTail, keep + newTail, oldTail > newTail ? CheckOf(cutOff) : 0, name)]));
                await File.WriteAllTextAsync(box.Source, head + Interrupted(was, will, state, part) + extra, Ct);
                await new MboxUndo(run, TimeProvider.System).FinishAsync(Ct);
                Assert.Equal(
                    head + will + extra, (await ReadAsync(box.Source)).Replace("\n\nFrom new", "From new", StringComparison.Ordinal));
                Assert.IsType<MboxEdited>(run.Entries[^1]);
                Assert.Equal(["log"], Directory.EnumerateFiles(run.Folder).Select(f => Path.GetFileName(f)));
            },
            iter: 600);

    private static string Interrupted(string was, string will, int state, double part)
    {
        var grown = was.PadRight(Math.Max(was.Length, will.Length), '\0');
        var written = (int)(part * will.Length);
        return state switch
        {
            0 => was,
            1 => grown,
            2 => will[..written] + grown[written..],
            _ => will,
        };
    }

    private static string Text(char c, int length) => new(c, length);

    private static uint CheckOf(string text) =>
        Backstop.Mailboxes.Crc32C.Add(Backstop.Mailboxes.Crc32C.Start, Encoding.ASCII.GetBytes(text));

    private (string Source, string Target, RunStore Store) MakeBox(IEnumerable<string> bodies, string target)
    {
        var folder = _folder[$"{Interlocked.Increment(ref _number)}"];
        Directory.CreateDirectory(folder);
        var source = Path.Combine(folder, "box");
        var all = bodies.ToList();
        File.WriteAllText(source, string.Concat(all.Select((b, i) => Message(i, b, i == all.Count - 1))));
        if (target.Length > 0)
        {
            File.WriteAllText(source + ".B", target);
        }

        return (source, source + ".B", new(Path.Combine(folder, "runs"), TimeProvider.System));
    }

    // The last message of a file may end anywhere; before another one stands an empty line.
    private static string Message(int number, string body, bool isLast = false)
    {
        var end = isLast && body is ("c" or "no end") ? "" : body.EndsWith('\n') || body.Length == 0 ? "\n" : "\n\n";
        return $"From a@b Tue Apr  1 05:00:00 2008\nSubject: {number}\n\n{body}{end}";
    }

    private static List<MboxCut> Cuts(string path, Func<int, bool> isCut) =>
        [.. Parse(path).Where((_, i) => isCut(i)).Select(m => new MboxCut(m.Offset, m.Length, MboxKey.Of(m.Raw.Span)))];

    private static List<MboxMessage> Parse(string path)
    {
        using var file = File.OpenHandle(path);
        return [.. MboxReader.Read(file, 1 << 20)];
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(path, Ct);
}
