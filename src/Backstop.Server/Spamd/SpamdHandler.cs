using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Text;
using Backstop.Configuration.Options;
using Backstop.Protocols.Spamd;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Spamd;

/// <summary>
/// Serves clients of spamd: one request a connection, as spamd does. A client that is silent or slow delays nobody: see
/// <see cref="SpamdClients"/>, <see cref="SpamdPace"/> and <see cref="SpamdMemory"/>.
/// </summary>
internal sealed partial class SpamdHandler(
    SpamdAnswer answer, BackstopOptions options, TlsCertificate? tls, TimeProvider time, ILogger<SpamdHandler> log) : IDisposable
{
    private static readonly TimeSpan _lingering = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _longestReply = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Connections for each client that may send a message at a time: the head of a request is small, and PING has no more.
    /// </summary>
    private const int ConnectionsPerClient = 8;

    private const long LeastMemory = 64 << 20;

    private readonly SpamdClients _connections = new(options.Spam.MaxClients * ConnectionsPerClient, time);
    private readonly SpamdClients _senders = new(options.Spam.MaxClients, time);
    private readonly SpamdMemory _memory = new(Math.Max(LeastMemory, options.Spam.MaxClientMessage.Bytes * 3));

    public async Task RunAsync(ConnectionContext connection, bool isTls)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is not null && !IsAllowed(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
        {
            LogUnknownClient(address);
            return;
        }

        // Not ConnectionClosed: it tells of a client that has closed its side, as spamc does behind the message.
        var place = await _connections.EnterAsync();
        try
        {
            await ServeAsync(connection, isTls, address, place);
        }
        catch (Exception error) when (
            error is IOException or OperationCanceledException or ConnectionAbortedException
                or System.Security.Authentication.AuthenticationException)
        {
            LogGone(address, error.Message);
            if (error is OperationCanceledException)
            {
                // Aborted, because closing would wait for a client that does not read.
                connection.Abort();
            }
        }
        catch (Exception error)
        {
            // A bug: this client is dropped (and takes its mail unfiltered), the others continue.
            LogBug(error, address);
        }
        finally
        {
            _connections.Leave(place);
        }
    }

    public void Dispose()
    {
        _connections.Dispose();
        _senders.Dispose();
    }

    private async Task ServeAsync(ConnectionContext connection, bool isTls, IPAddress? address, SpamdClient place)
    {
        if (!isTls)
        {
            await ServeAsync(connection.Transport.Input, connection.Transport.Output, address, place);
            return;
        }

        await using var stream = new SslStream(
            new PipeStream(connection.Transport.Input, connection.Transport.Output), leaveInnerStreamOpen: true);
        using (var handshake = new SpamdPace(options.Spam.ClientTimeout, time, place.IsToGo))
        {
            await tls!.HandshakeAsync(stream, handshake.Token);
        }

        await ServeAsync(PipeReader.Create(stream), PipeWriter.Create(stream), address, place);
        await stream.ShutdownAsync();
    }

    private async Task ServeAsync(PipeReader input, PipeWriter output, IPAddress? address, SpamdClient place)
    {
        var started = Stopwatch.GetTimestamp();
        SpamdRequest? request = null;
        byte[]? refusal = null;
        using (var pace = new SpamdPace(options.Spam.ClientTimeout, time, place.IsToGo))
        {
            try
            {
                (request, var error) = await ReadHeadAsync(input, pace.Token);
                refusal = error is null ? null : SpamdReply.Wrong(error);
            }
            catch (OperationCanceledException)
            {
                refusal = TooSlow(place);
            }
        }

        _connections.HasSent(place);
        using var memory = _memory.Begin();
        ReadOnlyMemory<byte> reply = refusal;
        if (refusal is null)
        {
            (reply, refusal) = request!.HasBody
                ? await AnswerAsync(input, request, memory, address, started)
                : (await answer.ToAsync(request, [], address, started), null);
        }

        if (!reply.IsEmpty)
        {
            using var late = new CancellationTokenSource(Least(_longestReply, options.Spam.ClientTimeout), time);
            await output.WriteAsync(reply, late.Token);
        }

        if (refusal is not null)
        {
            LogWrong(address, Encoding.Latin1.GetString(refusal).TrimEnd());
            await DrainAsync(input);
        }
    }

    /// <summary>Reads a message and answers it; the place is free for others before the reply is sent.</summary>
    private async Task<(ReadOnlyMemory<byte> Reply, byte[]? Refusal)> AnswerAsync(
        PipeReader input, SpamdRequest request, SpamdMemory.Holding memory, IPAddress? address, long started)
    {
        var place = await _senders.EnterAsync();
        try
        {
            var (body, refusal) = await ReadBodyAsync(input, request, memory, place);
            _senders.HasSent(place);
            if (refusal is null && request.IsCompressed)
            {
                (body, refusal) = SpamdBody.Inflate(body!, options.Spam.MaxClientMessage.Bytes, memory);
            }

            return refusal is null ? (await answer.ToAsync(request, body!, address, started), null) : (refusal, refusal);
        }
        finally
        {
            _senders.Leave(place);
        }
    }

    private async Task<(byte[]? Body, byte[]? Refusal)> ReadBodyAsync(
        PipeReader input, SpamdRequest request, SpamdMemory.Holding memory, SpamdClient place)
    {
        using var pace = new SpamdPace(options.Spam.ClientTimeout, time, place.IsToGo, octets => _senders.Came(place, octets));
        try
        {
            return await SpamdBody.ReadAsync(input, request.ContentLength, options.Spam.MaxClientMessage.Bytes, memory, pace);
        }
        catch (OperationCanceledException)
        {
            return (null, TooSlow(place));
        }
    }

    private byte[] TooSlow(SpamdClient place) => place.IsCut
        ? SpamdReply.Unavailable("too many clients, and this one sent too little")
        : SpamdReply.TimedOut(
            $"({Least(SpamdPace.Term, options.Spam.ClientTimeout).TotalSeconds:0} second timeout reading input from client)");

    private static TimeSpan Least(TimeSpan x, TimeSpan y) => x < y ? x : y;

    private static async Task<(SpamdRequest? Request, string? Error)> ReadHeadAsync(PipeReader input, CancellationToken ct)
    {
        while (true)
        {
            var read = await input.ReadAsync(ct);
            if (TryHead(read, out var request, out var error, out var consumed))
            {
                input.AdvanceTo(consumed);
                return (request, error);
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        static bool TryHead(ReadResult read, out SpamdRequest? request, out string? error, out SequencePosition consumed)
        {
            var reader = new SequenceReader<byte>(read.Buffer);
            var isWhole = SpamdHead.TryRead(ref reader, read.IsCompleted, out request, out error);
            consumed = reader.Position;
            return isWhole;
        }
    }

    // Reads what is still arriving: a reset would make the client lose our reply.
    private async Task DrainAsync(PipeReader input)
    {
        using var limit = new CancellationTokenSource(_lingering, time);
        try
        {
            for (var isEnd = false; !isEnd;)
            {
                var read = await input.ReadAsync(limit.Token);
                input.AdvanceTo(read.Buffer.End);
                isEnd = read.IsCompleted;
            }
        }
        catch (OperationCanceledException)
        {
            // Waited long enough: the connection is closed.
        }
    }

    private bool IsAllowed(IPAddress address) => options.Spam.Clients.Any(n => n.Contains(address));

    [LoggerMessage(6101, LogLevel.Warning, "spamd: unauthorized connection from {Client}; spam.clients says who may")]
    private partial void LogUnknownClient(IPAddress client);

    [LoggerMessage(6102, LogLevel.Debug, "spamd: connection of {Client} ended: {Error}")]
    private partial void LogGone(IPAddress? client, string error);

    [LoggerMessage(6103, LogLevel.Error, "spamd: connection of {Client} dropped by a bug")]
    private partial void LogBug(Exception error, IPAddress? client);

    [LoggerMessage(6104, LogLevel.Information, "spamd: bad request client={Client} error={Error}")]
    private partial void LogWrong(IPAddress? client, string error);
}
