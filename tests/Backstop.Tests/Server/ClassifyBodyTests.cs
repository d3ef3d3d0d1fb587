using System.IO.Pipelines;
using Backstop.Server.Web;

namespace Backstop.Tests.Server;

/// <summary>How much of a body is read, and how much of that is kept.</summary>
public sealed class ClassifyBodyTests
{
    [Theory]
    [InlineData(1 << 20, 1 << 20, 1 << 20, 1 << 20)]
    [InlineData(1 << 20, (1 << 20) + 1, 1 << 20, -1)]
    [InlineData(1 << 20, 1 << 30, 1 << 20, -1)]
    [InlineData(1 << 30, 1 << 24, 1 << 12, 1 << 12)]
    [InlineData(1 << 20, 0, 1 << 20, 0)]
    public async Task No_more_is_kept_than_is_looked_at_and_no_more_read_than_is_allowed(long max, long length, int keep, int kept)
    {
        await using var endless = new Zeros(length);
        var message = await ClassifyBody.ReadAsync(
            PipeReader.Create(endless), max, keep, length: null, TestContext.Current.CancellationToken);
        Assert.Equal(kept, message?.Length ?? -1);
        Assert.InRange(endless.Given, 0, max + (64 << 10));
    }

    /// <summary>So many zeros, and how many were taken.</summary>
    private sealed class Zeros(long length) : MemoryStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, length - Given);
            buffer.Span[..count].Clear();
            Given += count;
            return new(count);
        }
    }
}
