using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Mailboxes;

/// <summary>What somebody has done about a message in the spool is so after any end of the process.</summary>
public sealed class SpoolChangeTests : IDisposable
{
    private static readonly SpoolOptions _small = new() { SegmentSize = 64 << 10, MaxSegmentsBehind = 3 };

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Hold_and_redirection_are_there_after_a_kill()
    {
        var pending = await AfterKillAsync(async log =>
        {
            var entry = await AppendAsync(log, "one");
            await log.ChangeAsync(entry, new(IsHeld: true, [Target("/elsewhere")]));
            await log.ChangeAsync(await AppendAsync(log, "two"), new(IsHeld: true, Targets: null));
            await log.ChangeAsync(entry, new(IsHeld: false, Targets: null));
        });
        Assert.Equal([(false, "/elsewhere"), (true, "/nowhere")], pending.Select(e => (e.IsHeld, e.Folders[0].Path)));
    }

    /// <summary>The record of the change is freed before that of the message, which is written again.</summary>
    [Fact]
    public async Task Change_stays_with_a_message_that_is_moved_forward()
    {
        var pending = await AfterKillAsync(async log =>
        {
            var entry = await AppendAsync(log, "stuck", copies: 2);
            await log.ChangeAsync(entry, new(IsHeld: true, [Target("/elsewhere"), Target("/other")]));
            log.CopyDone(entry, 1);
            await TurnOverAsync(log);
            Assert.Equal("/elsewhere", SpoolLog.ReadEnvelope(entry).Targets[0].Folder.Path);
        });

        // The note that the last of the others is delivered may not be on the disk yet.
        var stuck = Assert.Single(pending, e => e.Copies == 2);
        Assert.True(stuck.IsHeld);
        Assert.Equal(["/elsewhere", "/other"], stuck.Folders.Select(f => f.Path));
        Assert.Equal([false, true], [stuck.IsDelivered(0), stuck.IsDelivered(1)]);
    }

    /// <summary>The log does not know yet that the message is deleted: the kill came before its note.</summary>
    [Fact]
    public async Task Deleted_message_stays_deleted_after_a_kill_and_can_be_restored()
    {
        ulong id = 0;
        var pending = await AfterKillAsync(async log =>
        {
            var entry = await AppendAsync(log, "one");
            id = entry.Id;
            log.Keep(entry);
        });
        Assert.Empty(pending);
        pending = await AfterKillAsync(async log => Assert.Equal("one", Text(log.Read((await log.RestoreAsync(id))!))));
        Assert.Equal(id, Assert.Single(pending).Id);
        pending = await AfterKillAsync(log =>
        {
            Assert.Empty(log.Deleted.All());
            return Task.CompletedTask;
        });
        Assert.Equal(id, Assert.Single(pending).Id);
    }

    [Fact]
    public async Task Large_body_outlives_its_log_file_while_it_can_be_restored()
    {
        ulong id = 0;
        await AfterKillAsync(async log =>
        {
            await File.WriteAllTextAsync(Path.Combine(log.LargeDirectory, "a.body"), "large", TestContext.Current.CancellationToken);
            var entry = await log.AppendAsync(log.NextId(), Envelope(5, 1) with { LargeFile = "a.body" }, default);
            id = entry.Id;
            log.Keep(entry);
            log.Done([entry]);
            await TurnOverAsync(log);
            Assert.False(File.Exists(Path.Combine(log.LargeDirectory, "a.body")));
        });
        var pending = await AfterKillAsync(async log => Assert.Equal("large", Text(log.Read((await log.RestoreAsync(id))!))));

        // The note that the last of the others is delivered may not have been on the disk.
        Assert.Single(pending, e => e.Id == id);
    }

    [Fact]
    public async Task Deleted_messages_are_forgotten_after_their_time()
    {
        await AfterKillAsync(async log =>
        {
            log.Keep(await AppendAsync(log, "old"));
            _time.Advance(TimeSpan.FromDays(2));
            log.Keep(await AppendAsync(log, "new"));
            Assert.Equal(1, log.Deleted.Forget(_time.GetUtcNow() - TimeSpan.FromDays(1)));
            Assert.Equal("new", Text(log.Deleted.Read(Assert.Single(log.Deleted.All()).Id)!));
        });
    }

    [Fact]
    public async Task Damaged_deleted_message_is_named_and_not_restored()
    {
        await AfterKillAsync(async log =>
        {
            var entry = await AppendAsync(log, "one");
            log.Keep(entry);
            var file = Assert.Single(Directory.GetFiles(_folder["spool/deleted"]));
            var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            bytes[^2] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
            var error = await Assert.ThrowsAsync<IOException>(() => log.RestoreAsync(entry.Id));
            Assert.Contains(file, error.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(file));
        });
    }

    /// <summary>All that listing needs, for messages whose envelope is longer than what is read at once too.</summary>
    [Fact]
    public async Task Envelope_is_read_without_the_body()
    {
        await AfterKillAsync(async log =>
        {
            await AppendAsync(log, "one", copies: 300);
            await AppendAsync(log, "two");
        });
        var (log, pending, _) = SpoolLog.Open(_folder["spool"], _small, _time);
        using (log)
        {
            Assert.Equal([300, 1], pending.Select(e => SpoolLog.ReadEnvelope(e).Targets.Count));
        }
    }

    // Does something with the log, and returns what waits in a copy of its folder, which then is the folder: what a kill leaves.
    private async Task<IReadOnlyList<SpoolEntry>> AfterKillAsync(Func<SpoolLog, Task> work)
    {
        var (log, _, _) = SpoolLog.Open(_folder["spool"], _small, _time);
        using (log)
        {
            await work(log);
            Copy(_folder["spool"], _folder["killed"]);
        }

        Directory.Delete(_folder["spool"], recursive: true);
        Directory.Move(_folder["killed"], _folder["spool"]);
        Copy(_folder["spool"], _folder["looked"]);
        var (again, pending, _) = SpoolLog.Open(_folder["looked"], _small, _time);
        again.Dispose();
        Directory.Delete(_folder["looked"], recursive: true);
        return pending;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from).Where(f => Path.GetFileName(f) != "lock"))
        {
            try
            {
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            }
            catch (FileNotFoundException)
            {
                // A log file that was freed or took another number just now.
            }
        }

        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    private static async Task TurnOverAsync(SpoolLog log)
    {
        for (var round = 0; round < 60; round++)
        {
            log.Done([await AppendAsync(log, new string('x', 20_000))]);
        }

        log.Checkpoint();
    }

    private static Task<SpoolEntry> AppendAsync(SpoolLog log, string body, int copies = 1) =>
        log.AppendAsync(log.NextId(), Envelope(body.Length, copies), Encoding.ASCII.GetBytes(body));

    private static SpoolEnvelope Envelope(int length, int copies) =>
        new(1_700_000_000_000, "", 1, null, length, "", [.. Enumerable.Repeat(Target("/nowhere"), copies)]);

    private static SpoolTarget Target(string path) =>
        new(new(FolderFormat.Maildir, path, FolderRef.Inbox), "") { Mailbox = "me@example.org" };

    private static string Text(SpoolContent content)
    {
        using var reader = new StreamReader(content.OpenBody());
        return reader.ReadToEnd();
    }
}
