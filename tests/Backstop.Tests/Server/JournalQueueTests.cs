using Backstop.Mail;
using Backstop.Server.Outbound;
using Backstop.State;
using Backstop.Tests.State;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// What is sent while the journal cannot be written is in it as soon as it can: a lost entry is a bounce that nothing proves.
/// </summary>
public sealed class JournalQueueTests : IDisposable
{
    // A file of a later format is read and never written.
    private const int WriteVersion = 18;

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly SentJournal _journal;

    public JournalQueueTests()
    {
        _journal = new(Path, _time, TimeSpan.FromDays(14), new StoreHealth("journal", Path, _time));
        _journal.Add([Sent("before@example.org")]);
        _journal.Dispose();
        StorePools.Clear(Path);
    }

    private string Path => _folder["journal.db"];

    public void Dispose()
    {
        _journal.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Messages_not_written_are_written_with_the_next()
    {
        using var queue = new JournalQueue(_journal, _time, NullLogger<JournalQueue>.Instance);
        Set(3);
        await queue.AddAsync(Sent("a@example.org"));
        await queue.AddAsync(Sent("b@example.org"));
        Set(2);
        await queue.AddAsync(Sent("c@example.org"));
        Assert.All("abc", c => Assert.True(_journal.HasMessageId($"{c}@example.org")));
    }

    [Fact]
    public async Task Messages_not_written_are_tried_again_at_the_end()
    {
        using (var queue = new JournalQueue(_journal, _time, NullLogger<JournalQueue>.Instance))
        {
            Set(3);
            await queue.AddAsync(Sent("a@example.org"));
            Set(2);
        }

        Assert.True(_journal.HasMessageId("a@example.org"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Messages_not_written_are_tried_again_without_more_mail()
    {
        var written = new TaskCompletionSource();
        var health = new StoreHealth("journal", Path, _time);
        health.Changed = s => _ = s.Fault is null && written.TrySetResult();
        using var journal = new SentJournal(Path, _time, TimeSpan.FromDays(14), health);
        using var queue = new JournalQueue(journal, _time, NullLogger<JournalQueue>.Instance);
        Set(3);
        await queue.AddAsync(Sent("a@example.org"));
        Set(2);
        while (!written.Task.IsCompleted)
        {
            // The queue may not have begun to wait yet.
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Assert.True(journal.HasMessageId("a@example.org"));
    }

    /// <summary>Ten thousand wait at most; here two.</summary>
    [Fact]
    public async Task Messages_for_which_there_is_no_room_are_counted_and_told_of_once_a_minute()
    {
        using var lines = new LogLines();
        using var logs = LoggerFactory.Create(l => l.AddProvider(lines));
        using (var queue = new JournalQueue(_journal, 2, _time, logs.CreateLogger<JournalQueue>()))
        {
            Set(3);
            foreach (var c in "abcd")
            {
                await queue.AddAsync(Sent($"{c}@example.org"));
            }

            Assert.Equal(2, queue.Dropped);
            Assert.StartsWith(
                "1 sent messages since the start are missing in the journal for good",
                Assert.Single(lines.All, l => l.Contains("for good", StringComparison.Ordinal)), StringComparison.Ordinal);
            Set(2);
        }

        Assert.Equal([true, true, false, false], "abcd".Select(c => _journal.HasMessageId($"{c}@example.org")));
    }

    [Fact]
    public async Task Messages_that_cannot_be_written_before_the_end_are_counted()
    {
        var queue = new JournalQueue(_journal, _time, NullLogger<JournalQueue>.Instance);
        Set(3);
        await queue.AddAsync(Sent("a@example.org"));
        queue.Dispose();
        Assert.Equal(1, queue.Dropped);
    }

    private void Set(byte version)
    {
        StorePools.Clear(Path);
        using var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, [version], WriteVersion);
    }

    private SentMessage Sent(string id) => new(new MailAddress("me", "example.org"), id, [new("you", "example.com")], _time.GetUtcNow());
}
