using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Mailboxes;

/// <summary>
/// What is delivered lies in memory until it is synced, and the note of its delivery may be on the disk before it: where the machine was
/// started anew meanwhile, the note alone is not believed.
/// </summary>
public sealed class SpoolPowerTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 8, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("first", "two")]
    [InlineData("second", "one two")]
    [InlineData("", "one two")]
    public async Task Delivery_is_believed_until_the_machine_is_started_anew(string boot, string expected)
    {
        await FillAsync();
        Assert.Equal(expected, Replay(boot));
    }

    /// <summary>The server that finds it may crash before it has delivered it again.</summary>
    [Fact]
    public async Task What_is_to_be_looked_for_again_is_so_until_it_is_delivered()
    {
        await FillAsync();
        Assert.Equal("one two", Replay("second"));
        Assert.Equal("one two", Replay("second"));
    }

    [Fact]
    public async Task What_was_synced_is_delivered_for_good()
    {
        var (log, _, _) = Open("first");
        using (log)
        {
            log.Done([await AppendAsync(log, "one")]);
            await SyncedAsync();
            log.Done([await AppendAsync(log, "two")]);
            await AppendAsync(log, "three");
            Crash();
        }

        Restore();
        Assert.Equal("two three", Replay("second"));
    }

    /// <summary>A stop syncs; the start after it may be one of the machine.</summary>
    [Fact]
    public async Task What_was_delivered_before_a_stop_is_delivered_for_good()
    {
        var (log, _, _) = Open("first");
        using (log)
        {
            log.Done([await AppendAsync(log, "one")]);
            await AppendAsync(log, "two");
        }

        Assert.Equal("two", Replay("second"));
    }

    /// <summary>The log of a run that ended without a stop is synced by the next one.</summary>
    [Fact]
    public async Task What_an_earlier_run_delivered_is_synced_by_the_next()
    {
        await FillAsync();
        Assert.Equal("two", Replay("first"));
        Assert.Equal("two", Replay("second"));
    }

    /// <summary>A spool that an older version wrote has no notes of what was synced: its notes of delivery are all there is.</summary>
    [Fact]
    public async Task Spool_of_an_older_version_is_believed()
    {
        await FillAsync();
        File.Delete(_folder["spool/boot"]);
        Assert.Equal("two", Replay("second"));
    }

    [Fact]
    public async Task Copy_that_was_not_synced_is_looked_for_again()
    {
        var (log, _, _) = Open("first");
        using (log)
        {
            var entry = await AppendAsync(log, "three copies", copies: 3);
            log.CopyDone(entry, 0);
            await SyncedAsync();
            log.CopyDone(entry, 1);
            await AppendAsync(log, "end");
            Crash();
        }

        Restore();
        Assert.Equal("0", Delivered("second"));
        Assert.Equal("0", Delivered("second"));

        string Delivered(string boot)
        {
            var (log, pending, _) = Open(boot);
            using (log)
            {
                return string.Join(' ', Enumerable.Range(0, 3).Where(pending[0].IsDelivered));
            }
        }
    }

    [Fact]
    public async Task What_somebody_deleted_stays_deleted_and_what_came_back_stays()
    {
        var (log, _, _) = Open("first");
        using (log)
        {
            foreach (var body in new[] { "gone", "back" })
            {
                var entry = await AppendAsync(log, body);
                log.Keep(entry);
                log.Done([entry]);
                if (body == "back")
                {
                    Assert.NotNull(await log.RestoreAsync(entry.Id));
                }
            }
        }

        Assert.Equal("back", Replay("second"));
        File.Delete(_folder["spool/boot"]);
        Assert.Equal("back", Replay("third"));
    }

    private async Task FillAsync()
    {
        var (log, _, _) = Open("first");
        using (log)
        {
            log.Done([await AppendAsync(log, "one")]);

            // The note of "one" goes to the disk with "two".
            await AppendAsync(log, "two");
            Crash();
        }

        Restore();
    }

    // What lies on the disk now, without the stop that follows.
    private void Crash()
    {
        Directory.CreateDirectory(_folder["saved"]);
        foreach (var file in Directory.EnumerateFiles(_folder["spool"]).Where(f => Path.GetFileName(f) != "lock"))
        {
            File.Copy(file, Path.Combine(_folder["saved"], Path.GetFileName(file)));
        }
    }

    private void Restore()
    {
        Directory.Delete(_folder["spool"], recursive: true);
        Directory.Move(_folder["saved"], _folder["spool"]);
    }

    // The keeper syncs on its own thread: the note that it writes is what shows it.
    private async Task SyncedAsync()
    {
        var before = Written();
        for (var tries = 0; Written() == before; tries++)
        {
            Assert.True(tries < 500, "not synced after ten seconds");
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(20, Ct);
        }

        // Notes of delivery are not waited for, so one may have come meanwhile.
        static int Count(byte[] bytes, RecordKind kind) => Enumerable.Range(0, (bytes.Length - SpoolRecord.FrameLength) / 8)
            .Count(i => bytes.AsSpan(i * 8, 8).SequenceEqual<byte>([.. "BKS1"u8, (byte)kind, 0, 0, 0]));

        int Written() => Directory.EnumerateFiles(_folder["spool"], "seg-*").Select(File.ReadAllBytes)
            .Sum(b => Count(b, RecordKind.Final) + Count(b, RecordKind.CopiesFinal));
    }

    private (SpoolLog Log, IReadOnlyList<SpoolEntry> Pending, int Damaged) Open(string boot) =>
        SpoolLog.Open(_folder["spool"], new() { SegmentSize = 64 << 10, Boot = boot }, _time);

    private string Replay(string boot)
    {
        var (log, pending, damaged) = Open(boot);
        using (log)
        {
            Assert.Equal(0, damaged);
            return string.Join(' ', pending.Select(e => Encoding.ASCII.GetString(log.Read(e).Body.Span)));
        }
    }

    private static Task<SpoolEntry> AppendAsync(SpoolLog log, string body, int copies = 1) => log.AppendAsync(
        log.NextId(),
        new(
            1_700_000_000_000, "", 1, null, body.Length, "",
            [.. Enumerable.Range(0, copies).Select(i => new SpoolTarget(new(FolderFormat.Maildir, $"/nowhere/{i}", FolderRef.Inbox), ""))]),
        Encoding.ASCII.GetBytes(body));
}
