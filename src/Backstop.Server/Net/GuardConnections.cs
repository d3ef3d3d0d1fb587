using System.IO.Pipelines;
using System.Net;
using Backstop.Configuration.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Net;

/// <summary>Reads, and gives up on a server that says nothing for too long.</summary>
/// <remarks>One source of cancellation for all reads of a connection: it is wound up again, not made anew.</remarks>
internal sealed class GuardClock(TimeSpan idle, TimeProvider time, CancellationToken stopping) : IDisposable
{
    private CancellationTokenSource _limit = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>How long a server may say nothing.</summary>
    public TimeSpan Idle => idle;

    /// <summary>Reads what has come.</summary>
    /// <exception cref="OperationCanceledException">Nothing came, or the server goes down.</exception>
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

#pragma warning disable RS0030 // Winds up the timer that the source was made with.
        _limit.CancelAfter(idle);
#pragma warning restore RS0030
        using var stop = stopping.UnsafeRegister(static l => ((CancellationTokenSource)l!).Cancel(), _limit);
        return await input.ReadAsync(_limit.Token);
    }

    public void Dispose() => _limit.Dispose();
}

/// <summary>Lets servers in, up to a limit, and runs their connections. The outermost loop of each.</summary>
internal sealed partial class GuardConnections(BackstopOptions options, TimeProvider time, ILogger<GuardConnections> log) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private int _open;

    /// <summary>Connections now open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Ends those that wait for their server; a server takes it for a restart.</summary>
    public void BeginStop() => _stopping.Cancel();

    public async Task RunAsync(EndPoint? remote, string protocol, Func<GuardClock, Task> converse)
    {
        var address = (remote as IPEndPoint)?.Address;
        if (address is not null && !options.Guard.IsServer(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
        {
            LogStranger(protocol, address);
            return;
        }

        if (Interlocked.Increment(ref _open) > options.Guard.MaxConnections)
        {
            Interlocked.Decrement(ref _open);
            LogFull(protocol, options.Guard.MaxConnections);
            return;
        }

        try
        {
            using var clock = new GuardClock(options.Guard.IdleTimeout, time, _stopping.Token);
            await converse(clock);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            LogGone(protocol, error.Message);
        }
        catch (FormatException error)
        {
            LogWrong(protocol, address, error.Message);
        }
        catch (Exception error)
        {
            // A bug: this connection is dropped, the others live.
            LogBug(error, protocol);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    public void Dispose() => _stopping.Dispose();

    [LoggerMessage(7201, LogLevel.Warning, "{Protocol}: connection from {Client} closed; guard.servers says who may")]
    private partial void LogStranger(string protocol, IPAddress client);

    [LoggerMessage(7202, LogLevel.Warning, "{Protocol}: connection closed, {Limit} are open; guard.max_connections is the limit")]
    private partial void LogFull(string protocol, int limit);

    [LoggerMessage(7203, LogLevel.Debug, "{Protocol}: connection ended: {Error}")]
    private partial void LogGone(string protocol, string error);

    [LoggerMessage(7204, LogLevel.Warning, "{Protocol}: connection of {Client} closed, it does not speak the protocol: {Error}")]
    private partial void LogWrong(string protocol, IPAddress? client, string error);

    [LoggerMessage(7205, LogLevel.Error, "{Protocol}: connection dropped by a bug")]
    private partial void LogBug(Exception error, string protocol);
}
