using System.IO.Pipelines;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A connection that is done with ends, whether its client reads what was sent or not.</summary>
public sealed class CountedConnectionTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Client_that_reads_nothing_is_hung_up_on_after_its_time()
    {
        using var room = new ConnectionRoom(1);
        await room.TakeAsync(TestContext.Current.CancellationToken);
        var inner = new Unread();
        var end = new CountedConnection(inner, room, _time).DisposeAsync().AsTask();
        _time.Advance(CountedConnection.TimeToTake - TimeSpan.FromMilliseconds(1));
        Assert.Equal((false, false, 1), (inner.IsAborted, end.IsCompleted, room.Open));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await end;
        Assert.Equal((true, 0), (inner.IsAborted, room.Open));
    }

    [Fact]
    public async Task Client_that_has_read_all_is_not_reset()
    {
        using var room = new ConnectionRoom(1);
        await room.TakeAsync(TestContext.Current.CancellationToken);
        var inner = new Unread();
        inner.ReadAll();
        await new CountedConnection(inner, room, _time).DisposeAsync();
        _time.Advance(CountedConnection.TimeToTake * 2);
        Assert.Equal((false, 0), (inner.IsAborted, room.Open));
    }

    /// <summary>Closes as Kestrel's does: once everything was taken, or it is aborted.</summary>
    private sealed class Unread : ConnectionContext
    {
        private readonly TaskCompletionSource _taken = new();

        public override string ConnectionId { get; set; } = "unread";

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

        public override IDuplexPipe Transport { get; set; } = null!;

        public bool IsAborted { get; private set; }

        public void ReadAll() => _taken.SetResult();

        public override void Abort(ConnectionAbortedException abortReason)
        {
            IsAborted = true;
            _taken.TrySetResult();
        }

        public override async ValueTask DisposeAsync()
        {
            await _taken.Task;
            await base.DisposeAsync();
        }
    }
}
