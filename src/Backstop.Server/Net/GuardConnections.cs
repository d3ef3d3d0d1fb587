using System.IO.Pipelines;
using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Net;

/// <summary>Reads from a mail server, and gives up where it is silent for too long, or sends one request for too long.</summary>
/// <remarks>One cancellation source serves all reads of a connection and is re-armed for each.</remarks>
/// <param name="idle">How long a server may be silent.</param>
/// <param name="request">How long it may take to send one request.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends a wait, because our server stops.</param>
internal sealed class GuardClock(TimeSpan idle, TimeSpan request, TimeProvider time, CancellationToken stopping) : IDisposable
{
    private long? _begun;
    private CancellationTokenSource _limit = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>How long a server may be silent.</summary>
    public TimeSpan Idle => idle;

    /// <summary>Reads the next octets.</summary>
    /// <exception cref="OperationCanceledException">Nothing came in time, or our server stops.</exception>
    public async ValueTask<ReadResult> ReadAsync(PipeReader input)
    {
        if (input.TryRead(out var ready) && !ready.IsCanceled)
        {
            return ready;
        }

        if (!_limit.TryReset())
        {
            _limit.Dispose();
            _limit = new(Timeout.InfiniteTimeSpan, time);
        }

#pragma warning disable RS0030 // Re-arms the timer that the source was created with.
        _limit.CancelAfter(_begun is { } begun ? Least(idle, Left(begun)) : idle);
#pragma warning restore RS0030
        using var stop = stopping.UnsafeRegister(static l => ((CancellationTokenSource)l!).Cancel(), _limit);
        return await input.ReadAsync(_limit.Token);
    }

    /// <summary>Called after each read: begins the time limit of a request that is incomplete, and ends it with the request.</summary>
    /// <param name="came">The octets that were in the buffer.</param>
    /// <param name="left">Those that remain, because they are not a whole request.</param>
    /// <exception cref="IOException">The request has taken too long.</exception>
    public void Took(long came, long left)
    {
        if (left == 0 || left < came || _begun is null)
        {
            _begun = left == 0 ? null : time.GetTimestamp();
        }
        else if (Left(_begun.Value) <= TimeSpan.Zero)
        {
            throw new IOException($"a request was not complete within {request}");
        }
    }

    public void Dispose() => _limit.Dispose();

    private static TimeSpan Least(TimeSpan x, TimeSpan y) => x < y ? x : y;

    // Never negative, which a timer would not take.
    private TimeSpan Left(long begun) => request - time.GetElapsedTime(begun) is { Ticks: > 0 } left ? left : TimeSpan.Zero;
}

/// <summary>
/// Accepts connections of mail servers up to a limit, and runs them. The outermost loop of each connection.
/// </summary>
internal sealed partial class GuardConnections(BackstopOptions options, TimeProvider time, ILogger<GuardConnections> log) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private volatile GuardOptions _options = options.Guard;
    private int _open;

    private readonly Seldom _strangers = new(time);
    private readonly Seldom _refused = new(time);
    private readonly Seldom _violations = new(time);

    /// <summary>Goes by another configuration from now on; open connections keep their limits.</summary>
    public void Take(GuardOptions now) => _options = now;

    /// <summary>How many connections are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Ends connections that wait for their server, which treats that as a restart.</summary>
    public void BeginStop() => _stopping.Cancel();

    public async Task RunAsync(EndPoint? remote, string protocol, Func<GuardClock, Task> converse)
    {
        var (limits, address) = (_options, (remote as IPEndPoint)?.Address);
        if (address is not null && !limits.IsServer(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
        {
            if (_strangers.Count(out var strangers))
            {
                LogStranger(protocol, address, strangers);
            }

            return;
        }

        if (Interlocked.Increment(ref _open) > limits.MaxConnections)
        {
            Interlocked.Decrement(ref _open);
            if (_refused.Count(out var refused))
            {
                LogFull(protocol, limits.MaxConnections, refused);
            }

            return;
        }

        try
        {
            using var clock = new GuardClock(limits.IdleTimeout, limits.RequestTimeout, time, _stopping.Token);
            await converse(clock);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            LogGone(protocol, error.Message);
        }
        catch (FormatException error)
        {
            if (_violations.Count(out var violations))
            {
                LogWrong(protocol, address, error.Message, violations);
            }
        }
        catch (Exception error)
        {
            // A bug: this connection is dropped, the others continue.
            LogBug(error, protocol);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    public void Dispose() => _stopping.Dispose();

    [LoggerMessage(
        7201, LogLevel.Warning,
        "{Protocol}: connection from {Client} closed, because guard.servers does not list it; {Count} such since the start")]
    private partial void LogStranger(string protocol, IPAddress client, long count);

    [LoggerMessage(
        7202, LogLevel.Warning,
        "{Protocol}: connection closed, because {Limit} are open; guard.max_connections is the limit; {Count} such since the start")]
    private partial void LogFull(string protocol, int limit, long count);

    [LoggerMessage(7203, LogLevel.Debug, "{Protocol}: connection ended: {Error}")]
    private partial void LogGone(string protocol, string error);

    [LoggerMessage(
        7204, LogLevel.Warning,
        "{Protocol}: connection of {Client} closed, because it violates the protocol: {Error}; {Count} such since the start")]
    private partial void LogWrong(string protocol, IPAddress? client, string error, long count);

    [LoggerMessage(7205, LogLevel.Error, "{Protocol}: connection dropped because of a bug")]
    private partial void LogBug(Exception error, string protocol);
}
