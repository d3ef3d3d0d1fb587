using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using Backstop.Posix;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Control;

/// <summary>
/// Serves the control socket: one request a connection, a line of JSON, answered by lines of JSON. Whoever may use the data folder may
/// use it.
/// </summary>
/// <param name="spool">The spool's folder.</param>
/// <param name="desk">Carries out what is asked for, and says how it went.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
internal sealed partial class ControlListener(string spool, QueueDesk desk, TimeProvider time, ILogger<ControlListener> log) : IDisposable
{
    private const int MaxConnections = 16;

    // A list of ids, such as a shell makes of a pattern.
    private const int MaxRequest = 1 << 20;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _stopPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private ControlSocket? _socket;
    private Socket? _listening;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Takes up the configuration anew, for the one who is named.</summary>
    public Func<string, CancellationToken, Task<ReloadReport>>? Reload { get; set; }

    /// <summary>Begins. A socket that cannot be made is logged, because mail matters more.</summary>
    public void Start()
    {
        try
        {
            _socket = new(spool);
            _listening = _socket.Listen();
            _accepting = AcceptAsync(_listening);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            LogNoSocket(spool, error.Message);
        }
    }

    /// <summary>Ends, and waits a little for changes that are under way.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _listening?.Dispose();
        Wait(_accepting);
        for (var i = 0; i < MaxConnections; i++)
        {
            if (!_room.Wait(_stopPatience))
            {
                return;
            }
        }

        _socket?.Dispose();
        _room.Dispose();
        _stopping.Dispose();
    }

    private static void Wait(Task task) => ((IAsyncResult)task).AsyncWaitHandle.WaitOne(_stopPatience);

    private async Task AcceptAsync(Socket listening)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await listening.AcceptAsync(_stopping.Token));
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                _room.Release();
                await Task.Delay(_pause, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            using (socket)
            {
                await AnswerAsync(socket);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or TimeoutException)
        {
            // Whoever asked has gone, or the server stops.
            LogGone(error.Message);
        }
        catch (Exception error)
        {
            LogBug(error);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        var peer = SocketPeer.Of(socket);
        using var stream = new NetworkStream(socket);
        var output = PipeWriter.Create(stream);
        if (peer.Place != PeerPlace.Here || (peer.User != 0 && peer.User != FileOwner.Me))
        {
            LogRefused(peer.User);
            await SendAsync(output, new() { Error = "only the user that the server runs as, and root, may ask for its queue" });
            return;
        }

        if (await ReadAsync(stream) is not { } request)
        {
            await SendAsync(output, new() { Error = "the request is not understood; server and program may be of different versions" });
            return;
        }

        if (request.Verb == ReloadReport.Verb)
        {
            if (Reload is not { } reload)
            {
                var starting = ReloadReport.Refused("the server is only just starting; ask again when it serves");
                await SendAsync(output, new() { Reload = starting with { IsForLater = true } });
                await SendAsync(output, new() { IsEnd = true });
                return;
            }

            var by = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"user {peer.User}");
            await SendAsync(output, new() { Reload = await reload(by, _stopping.Token) });
            await SendAsync(output, new() { IsEnd = true });
            return;
        }

        if (request.Verb is not (QueueVerbs.List or QueueVerbs.Show or QueueVerbs.Deleted))
        {
            LogAsked(request.Verb, request.Ids.Count, request.Filter, peer.User);
        }

        await foreach (var reply in desk.AnswerAsync(request, _stopping.Token))
        {
            await SendAsync(output, reply);
        }

        await SendAsync(output, new() { IsEnd = true });
    }

    private async Task<QueueRequest?> ReadAsync(Stream stream)
    {
        using var late = new CancellationTokenSource(_patience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stopping.Token);
        var input = PipeReader.Create(stream);
        while (true)
        {
            var read = await input.ReadAsync(end.Token);
            if (System.Buffers.BuffersExtensions.PositionOf(read.Buffer, (byte)'\n') is { } at)
            {
                return Parse(System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, at)));
            }

            if (read.IsCompleted || read.Buffer.Length > MaxRequest)
            {
                return null;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static QueueRequest? Parse(byte[] line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, QueueJson.Default.QueueRequest);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task SendAsync(PipeWriter output, QueueReply reply)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(reply, QueueJson.Default.QueueReply);
        await output.WriteAsync(line, _stopping.Token).AsTask().WaitAsync(_patience, time, _stopping.Token);
        await output.WriteAsync("\n"u8.ToArray(), _stopping.Token).AsTask().WaitAsync(_patience, time, _stopping.Token);
    }

    [LoggerMessage(
        5007, LogLevel.Warning, "{Spool}: no control socket can be made there, so queue works only while the server is stopped: {Error}")]
    private partial void LogNoSocket(string spool, string error);

    [LoggerMessage(5008, LogLevel.Information, "queue {Verb} of {Count} ids, {Filter}, by user {User}")]
    private partial void LogAsked(string verb, int count, QueueFilter filter, uint user);

    [LoggerMessage(5009, LogLevel.Warning, "queue: user {User} was refused at the control socket")]
    private partial void LogRefused(uint user);

    [LoggerMessage(5010, LogLevel.Debug, "queue: a connection ended: {Error}")]
    private partial void LogGone(string error);

    [LoggerMessage(5011, LogLevel.Error, "queue: a request was dropped because of a bug")]
    private partial void LogBug(Exception error);
}
