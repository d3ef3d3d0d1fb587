using Backstop.Deliver;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Deliver;

public sealed class ReplyMemoryTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_sender_is_answered_once_a_week()
    {
        var memory = Memory();
        Assert.False(memory.WasAnswered("ann@example.org"));
        Assert.True(memory.MayReply("ann@example.org"));
        Assert.True(memory.WasAnswered("Ann@example.org"));
        Assert.False(memory.MayReply("ANN@example.org"));
        _time.Advance(TimeSpan.FromDays(8));
        Assert.False(memory.WasAnswered("ann@example.org"));
        Assert.True(memory.MayReply("ann@example.org"));
    }

    /// <summary>Recipes of several messages run at once: who found the file in use was taken for answered, and never was.</summary>
    [Fact]
    public void Nobody_is_passed_over_because_another_is_answered_at_the_same_time()
    {
        var answered = 0;
        Parallel.For(0, 400, new() { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, i =>
        {
            // Each sender twice.
            if (Memory().MayReply($"{i / 2}@example.org"))
            {
                Interlocked.Increment(ref answered);
            }
        });
        Assert.Equal(200, answered);
    }

    [Fact]
    public void Where_nothing_can_be_noted_nobody_is_answered()
    {
        Directory.CreateDirectory(_folder["replies"]);
        Assert.False(Memory().MayReply("ann@example.org"));
        Assert.False(new ReplyMemory(_folder["no/replies"], _time).MayReply("ann@example.org"));
    }

    private ReplyMemory Memory() => new(_folder["replies"], _time);
}
