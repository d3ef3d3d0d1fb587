using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Backstop.Server.Net;

/// <summary>
/// A connection that is counted until its socket is closed. Once it is done with, its client has <see cref="TimeToTake"/> to read
/// what was sent: Kestrel would wait without end for one that reads nothing, and hold socket and reply as long.
/// </summary>
internal sealed class CountedConnection(ConnectionContext inner, ConnectionRoom room, TimeProvider time) : ConnectionContext
{
    /// <summary>Replies are small, and most clients have read theirs by then.</summary>
    public static readonly TimeSpan TimeToTake = TimeSpan.FromSeconds(30);

    private int _given;

    public override string ConnectionId
    {
        get => inner.ConnectionId;
        set => inner.ConnectionId = value;
    }

    public override IFeatureCollection Features => inner.Features;

    public override IDictionary<object, object?> Items
    {
        get => inner.Items;
        set => inner.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => inner.Transport;
        set => inner.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => inner.ConnectionClosed;
        set => inner.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => inner.LocalEndPoint;
        set => inner.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => inner.RemoteEndPoint;
        set => inner.RemoteEndPoint = value;
    }

    public override void Abort() => inner.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        using var limit = time.CreateTimer(
            static late => ((ConnectionContext)late!).Abort(
                new ConnectionAbortedException("the client does not read what was sent")),
            inner, TimeToTake, Timeout.InfiniteTimeSpan);
        try
        {
            await inner.DisposeAsync();
        }
        finally
        {
            await base.DisposeAsync();
            if (Interlocked.Exchange(ref _given, 1) == 0)
            {
                room.Give();
            }
        }
    }
}
