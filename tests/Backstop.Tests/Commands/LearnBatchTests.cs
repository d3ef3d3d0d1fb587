using Backstop.Commands;

namespace Backstop.Tests.Commands;

/// <summary>Messages are learned in batches that fit into memory, each message once.</summary>
public sealed class LearnBatchTests
{
    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(500, 10, 1)]
    [InlineData(501, 10, 2)]
    [InlineData(8, 4 << 20, 2)]
    [InlineData(3, 20 << 20, 3)]
    public void Batches_are_bounded_in_messages_and_octets(int count, int length, int batches)
    {
        var octets = new byte[length];
        var all = LearnCommand.Batches(Enumerable.Repeat<ReadOnlyMemory<byte>>(octets, count)).ToList();
        Assert.Equal((batches, count), (all.Count, all.Sum(b => b.Count)));
    }
}
