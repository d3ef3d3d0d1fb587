using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Tests.Server;
using CsCheck;

namespace Backstop.Tests.Mailboxes;

/// <summary>A 250 means durable: what was appended is there after any end of the process.</summary>
public sealed class SpoolLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_appended_is_there_after_a_crash()
    {
        var crashed = await CrashAsync(async log =>
        {
            await AppendAsync(log, "one");
            await AppendAsync(log, "two");
        });
        Assert.Equal(["one", "two"], Replay(crashed));
    }

    [Fact]
    public async Task What_is_done_is_not_delivered_again()
    {
        var crashed = await CrashAsync(async log =>
        {
            var one = await AppendAsync(log, "one");
            log.Done([one]);

            // The note of "one" goes to the disk with "two".
            await AppendAsync(log, "two");
        });
        Assert.Equal(["two"], Replay(crashed));
    }

    [Fact]
    public async Task Damage_in_the_middle_costs_only_what_is_damaged()
    {
        var crashed = await CrashAsync(async log =>
        {
            foreach (var body in new[] { "one", "two", "three" })
            {
                await AppendAsync(log, body);
            }
        });
        var segment = Directory.EnumerateFiles(crashed, "seg-*").Order(StringComparer.Ordinal)
            .First(f => File.ReadAllText(f).Contains("two", StringComparison.Ordinal));
        var bytes = File.ReadAllBytes(segment);
        bytes[Encoding.Latin1.GetString(bytes).IndexOf("two", StringComparison.Ordinal)] ^= 1;
        File.WriteAllBytes(segment, bytes);
        Assert.Equal(["one", "three"], Replay(crashed, expectedDamage: 1));
    }

    [Fact]
    public async Task Torn_last_record_was_never_promised()
    {
        var crashed = await CrashAsync(async log =>
        {
            await AppendAsync(log, "one");
            await AppendAsync(log, "two");
        });
        var segment = Directory.EnumerateFiles(crashed, "seg-*").First(f => File.ReadAllText(f).Contains("two", StringComparison.Ordinal));
        var bytes = File.ReadAllBytes(segment);
        bytes.AsSpan(Encoding.Latin1.GetString(bytes).IndexOf("two", StringComparison.Ordinal)).Clear();
        File.WriteAllBytes(segment, bytes);
        Assert.Equal(["one"], Replay(crashed));
    }

    [Fact]
    public async Task Files_are_used_again_and_old_records_in_them_stay_dead()
    {
        var options = new SpoolOptions { SegmentSize = 64 << 10 };
        var crashed = await CrashAsync(
            async log =>
            {
                for (var round = 0; round < 60; round++)
                {
                    var entry = await AppendAsync(log, $"round {round} " + new string('x', 20_000));
                    log.Done([entry]);
                }

                await AppendAsync(log, "last");
                log.Checkpoint();
            },
            options);
        Assert.InRange(Directory.EnumerateFiles(crashed, "seg-*").Count(), 1, 6);
        Assert.Equal(["last"], Replay(crashed));
    }

    /// <summary>
    /// The notes that messages are delivered may be in later files than the messages, and a file that is kept for reuse must not bring
    /// its messages back once those are deleted: their owners may have moved them meanwhile.
    /// </summary>
    [Fact]
    public async Task Messages_in_files_kept_for_reuse_stay_delivered()
    {
        var options = new SpoolOptions { SegmentSize = 64 << 10, SpareSegments = 2 };
        var (log, _, _) = SpoolLog.Open(_folder["spool"], options, TimeProvider.System);
        using (log)
        {
            // The first message keeps all files; when it is delivered, all are freed at once.
            var first = await AppendAsync(log, "first");
            for (var round = 0; round < 20; round++)
            {
                log.Done([await AppendAsync(log, new string('x', 20_000))]);
            }

            log.Done([first]);
        }

        // Now the file with the last notes is freed too.
        (log, var pending, _) = SpoolLog.Open(_folder["spool"], options, TimeProvider.System);
        using (log)
        {
            Assert.Empty(pending);
            log.Checkpoint();
        }

        Assert.Empty(Replay(_folder["spool"]));
    }

    [Fact]
    public async Task Stuck_message_is_moved_forward_and_does_not_keep_files()
    {
        var options = new SpoolOptions { SegmentSize = 64 << 10, MaxSegmentsBehind = 3 };
        var crashed = await CrashAsync(
            async log =>
            {
                var stuck = await AppendAsync(log, "stuck");
                for (var round = 0; round < 60; round++)
                {
                    log.Done([await AppendAsync(log, new string('x', 20_000))]);
                }

                await AppendAsync(log, "end");
                Assert.Equal("stuck", Text(log.Read(stuck)));
            },
            options);
        Assert.InRange(Directory.EnumerateFiles(crashed, "seg-*").Count(), 1, 8);
        Assert.Equal(["stuck", "end"], Replay(crashed));
    }

    [Fact]
    public async Task Large_body_lies_in_a_file_until_it_is_delivered()
    {
        using var other = new TempFolder();
        string large;
        var (log, _, _) = SpoolLog.Open(other["spool"], new() { SegmentSize = 64 << 10 }, TimeProvider.System);
        using (log)
        {
            large = Path.Combine(log.LargeDirectory, "a.body");
            await File.WriteAllTextAsync(large, "large", TestContext.Current.CancellationToken);
            var entry = await log.AppendAsync(log.NextId(), Envelope("a.body", 5), default);
            Assert.Equal("large", Text(log.Read(entry)));
            log.Done([entry]);
            for (var i = 0; i < 4; i++)
            {
                log.Done([await AppendAsync(log, new string('x', 40_000))]);
            }

            log.Checkpoint();
        }

        Assert.False(File.Exists(large));
    }

    [Fact]
    public void File_that_no_message_names_is_removed()
    {
        Directory.CreateDirectory(_folder["spool/large"]);
        File.WriteAllText(_folder["spool/large/orphan.body"], "never promised");
        var (log, pending, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        log.Dispose();
        Assert.Empty(pending);
        Assert.False(File.Exists(_folder["spool/large/orphan.body"]));
    }

    [Fact]
    public void Two_servers_cannot_share_a_spool()
    {
        var (log, _, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using (log)
        {
            var error = Assert.Throws<IOException>(() => SpoolLog.Open(_folder["spool"], new(), TimeProvider.System));
            Assert.Contains("used by another server", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Whatever a broken disk gives back, the server starts, and what is whole in it is read.</summary>
    [Fact]
    public async Task Any_damage_is_read_past()
    {
        var crashed = await CrashAsync(
            log => Task.WhenAll(Enumerable.Range(0, 20).Select(i => AppendAsync(log, $"m{i}"))), new() { SegmentSize = 64 << 10 });
        var segment = Directory.EnumerateFiles(crashed, "seg-*").First(f => File.ReadAllText(f).Contains("m19", StringComparison.Ordinal));
        var whole = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        var used = Encoding.Latin1.GetString(whole).LastIndexOf("m19", StringComparison.Ordinal) + 3;
        Gen.Select(Gen.Int[0, used - 1], Gen.Byte).Array[1, 8].Sample(
            changes =>
            {
                var bytes = (byte[])whole.Clone();
                foreach (var (at, value) in changes)
                {
                    bytes[at] = value;
                }

                File.WriteAllBytes(segment, bytes);
                var (log, pending, _) = SpoolLog.Open(crashed, new() { SegmentSize = 64 << 10 }, TimeProvider.System);
                using (log)
                {
                    Assert.InRange(pending.Count, 20 - changes.Length, 20);
                    Assert.All(pending, e => Assert.StartsWith("m", Text(log.Read(e)), StringComparison.Ordinal));
                }
            },
            iter: 40, threads: 1);
    }

    [Fact]
    public async Task Messages_that_come_together_are_all_there()
    {
        var crashed = await CrashAsync(log => Task.WhenAll(Enumerable.Range(0, 500).Select(i => AppendAsync(log, $"m{i}"))));
        Assert.Equal(500, Replay(crashed).Distinct(StringComparer.Ordinal).Count());
    }

    /// <summary>Does something with a log, then gives a copy of its folder as it lay on disk: what a crash would leave.</summary>
    private async Task<string> CrashAsync(Func<SpoolLog, Task> work, SpoolOptions? options = null)
    {
        var (log, _, _) = SpoolLog.Open(_folder["spool"], options ?? new(), TimeProvider.System);
        using (log)
        {
            await work(log);
            Copy(_folder["spool"], _folder["crashed"]);
        }

        return _folder["crashed"];
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.Combine(to, "large"));
        foreach (var file in Directory.EnumerateFiles(from, "seg-*"))
        {
            try
            {
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            }
            catch (FileNotFoundException)
            {
                // Its last message was delivered just now: the crash came behind that.
            }
        }
    }

    private static List<string> Replay(string directory, int expectedDamage = 0)
    {
        var (log, pending, damaged) = SpoolLog.Open(directory, new(), TimeProvider.System);
        using (log)
        {
            Assert.Equal(expectedDamage, damaged);
            return [.. pending.Select(e => Text(log.Read(e)))];
        }
    }

    /// <summary>Somebody has changed its mode: the mail waits with who sends it, and the process lives.</summary>
    [Fact]
    public void Folder_that_may_not_be_written_any_more_fails_what_is_appended()
    {
        OtherUser.Invite(_folder.Path);
        var told = new List<IOException>();
        OtherUser.Run(() =>
        {
            var (log, _, _) = SpoolLog.Open(_folder["spool"], new() { SegmentSize = 4096, OnTrouble = told.Add }, TimeProvider.System);
            File.SetUnixFileMode(_folder["spool"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var append = AppendAsync(log, new string('x', 5000));
            Assert.IsType<IOException>(Assert.Throws<AggregateException>(append.Wait).InnerException);
            log.Dispose();
        });
        Assert.NotEmpty(told);
    }

    private static Task<SpoolEntry> AppendAsync(SpoolLog log, string body) =>
        log.AppendAsync(log.NextId(), Envelope(null, body.Length), Encoding.ASCII.GetBytes(body));

    private static SpoolEnvelope Envelope(string? large, int length) => new(
        1_700_000_000_000, "", 1, large, length, "", [new(new(FolderFormat.Maildir, "/nowhere", FolderRef.Inbox), "")]);

    private static string Text(SpoolContent content)
    {
        using var reader = new StreamReader(content.OpenBody());
        return reader.ReadToEnd();
    }
}
