using System.Runtime.CompilerServices;
using System.Text;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;

namespace Backstop.Tests.Mailboxes;

/// <summary>A message with many copies is read and decoded once, and a backlog does not grow in memory for it.</summary>
public sealed class KeptMessagesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>One copy reads it once; kept, the envelopes of a flood cost more than that.</summary>
    [Fact]
    public async Task Envelope_of_a_message_with_one_copy_is_not_kept()
    {
        using var log = Open();
        var entry = await log.AppendAsync(log.NextId(), Envelope(1, 10), new byte[10]);
        Assert.Null(entry.Kept);
        Assert.Equal(10, log.Read(entry).Body.Length);
    }

    [Theory]
    [InlineData(2, 10)]
    [InlineData(3, 10)]
    [InlineData(3, KeptMessages.MaxBody + 1)]
    public async Task Envelope_that_was_written_is_not_decoded(int copies, int length)
    {
        using var log = Open();
        var envelope = Envelope(copies, length);
        var entry = await log.AppendAsync(log.NextId(), envelope, new byte[length]);
        for (var copy = 0; copy < copies; copy++)
        {
            Assert.Same(envelope, log.Read(entry).Envelope);
            Assert.Equal(length, log.Read(entry).Body.Length);
        }
    }

    [Fact]
    public async Task Small_message_with_copies_is_read_once_after_a_restart_too()
    {
        using (var before = Open())
        {
            await before.AppendAsync(before.NextId(), Envelope(2, 4), "body"u8.ToArray());
        }

        var (log, pending, _) = SpoolLog.Open(_folder["spool"], new(), TimeProvider.System);
        using (log)
        {
            var first = log.Read(Assert.Single(pending));
            Overwrite();
            Assert.Same(first, log.Read(pending[0]));
            Assert.Equal("body", Encoding.ASCII.GetString(first.Body.Span));
            Assert.Equal(["one", "two"], first.Envelope.Targets.Select(t => t.Header));
        }
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, KeptMessages.MaxBody + 1)]
    public async Task Body_that_is_large_or_for_one_copy_is_not_kept(int copies, int length)
    {
        using var log = Open();
        var entry = await log.AppendAsync(log.NextId(), Envelope(copies, length), new byte[length]);
        Assert.Equal(length, log.Read(entry).Body.Length);
        Overwrite();
        Assert.Contains("cannot be read back", Assert.Throws<IOException>(() => log.Read(entry)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_body_in_its_file_needs_no_reading_of_the_log()
    {
        using var log = Open();
        await File.WriteAllTextAsync(Path.Combine(log.LargeDirectory, "a.body"), "large", Ct);
        var entry = await log.AppendAsync(log.NextId(), Envelope(2, 5) with { LargeFile = "a.body" }, default);
        Overwrite();
        using var reader = new StreamReader(log.Read(entry).OpenBody());
        Assert.Equal("large", await reader.ReadToEndAsync(Ct));
    }

    [Fact]
    public async Task Nothing_is_kept_of_what_is_delivered()
    {
        using var log = Open();
        var entry = await log.AppendAsync(log.NextId(), Envelope(2, 4), "body"u8.ToArray());
        log.Read(entry);
        Assert.NotNull(entry.Kept?.Content);
        log.Done([entry]);
        Assert.Null(entry.Kept);

        // A worker that was slower than the last copy.
        new KeptMessages().KeepRead(entry, new(Envelope(2, 4), "body"u8.ToArray(), null));
        Assert.Null(entry.Kept);
    }

    [Fact]
    public void Message_to_thousands_pushes_out_no_other()
    {
        var kept = new KeptMessages();
        var one = Entry(1);
        kept.KeepWritten(one, Envelope(2, 0), null);
        var huge = Entry(2);
        kept.KeepWritten(huge, Envelope(10_000, 0), null);
        Assert.Null(huge.Kept);
        Assert.NotNull(one.Kept);
    }

    /// <summary>The newest are kept, within their limit; of all others only the entry is left, and the disk has the rest.</summary>
    [Fact]
    public async Task Backlog_of_20000_takes_4_MiB_for_all_envelopes_together()
    {
        const int Count = 20_000;
        using var log = Open();
        var (entries, envelopes) = (new List<SpoolEntry>(), new List<WeakReference>());
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(500))
        {
            entries.AddRange(await AppendAsync(log, chunk, envelopes));
        }

        // The writer lets go of its last batch with the next one.
        await AppendAsync(log, [Count], []);
        var octets = entries.Sum(e => e.Kept?.Octets ?? 0);
        Assert.InRange(octets, KeptMessages.MaxOctets * 9 / 10, KeptMessages.MaxOctets);
        var count = entries.Count(e => e.Kept is not null);
        Assert.All(entries.TakeLast(count), e => Assert.NotNull(e.Kept));
        GC.Collect();
        Assert.InRange(envelopes.Count(e => e.IsAlive), count, count + 10);

        // What was pushed out is read from the disk, and then pushes out others.
        foreach (var (entry, i) in entries.Select((e, i) => (e, i)))
        {
            Assert.Equal(Trace(i), log.Read(entry).Envelope.Trace);
        }

        Assert.InRange(entries.Sum(e => e.Kept?.Octets ?? 0), 1, KeptMessages.MaxOctets);
        log.Done(entries);
        Assert.All(entries, e => Assert.Null(e.Kept));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task<SpoolEntry[]> AppendAsync(SpoolLog log, int[] numbers, List<WeakReference> envelopes)
    {
        var body = new byte[100];
        return Task.WhenAll(numbers.Select(i =>
        {
            var envelope = Envelope(2, body.Length) with { Trace = Trace(i) };
            envelopes.Add(new(envelope));
            return log.AppendAsync(log.NextId(), envelope, body);
        }));
    }

    private static string Trace(int i) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Received: from client {i:d300}\n");

    private SpoolLog Open() => SpoolLog.Open(_folder["spool"], new(), TimeProvider.System).Log;

    // What is read from the disk from now on is damaged.
    private void Overwrite()
    {
        foreach (var path in Directory.EnumerateFiles(_folder["spool"], "seg-*"))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, new byte[4096], 0);
        }
    }

    private static SpoolEntry Entry(ulong id) => new(id, [], null!, 0, 0);

    private static SpoolEnvelope Envelope(int copies, int length) => new(
        1_700_000_000_000, "", 1, null, length, "",
        [.. Enumerable.Range(0, copies).Select(i =>
            new SpoolTarget(new(FolderFormat.Maildir, "/nowhere", FolderRef.Inbox), i % 2 == 0 ? "one" : "two"))]);
}
