using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using Backstop.Configuration.Options;
using Backstop.Protocols.Spamd;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Spamd;

/// <summary>Serves clients of spamd: one request a connection, as spamd does.</summary>
internal sealed partial class SpamdHandler(
    SpamdAnswer answer, BackstopOptions options, TlsCertificate? tls, TimeProvider time, ILogger<SpamdHandler> log) : IDisposable
{
    private static readonly TimeSpan _lingering = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim _clients = new(options.Spam.MaxClients);

    public async Task RunAsync(ConnectionContext connection, bool isTls)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is not null && !IsAllowed(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address))
        {
            LogUnknownClient(address);
            return;
        }

        // Not ConnectionClosed: it tells of a client that has closed its side, as spamc does behind the message.
        await _clients.WaitAsync(CancellationToken.None);
        try
        {
            await ServeAsync(connection, isTls, address);
        }
        catch (Exception error) when (
            error is IOException or OperationCanceledException or ConnectionAbortedException or System.Security.Authentication.AuthenticationException)
        {
            LogGone(address, error.Message);
        }
        catch (Exception error)
        {
            // A bug: this client is dropped (and takes its mail unfiltered), the others live.
            LogBug(error, address);
        }
        finally
        {
            _clients.Release();
        }
    }

    public void Dispose() => _clients.Dispose();

    private async Task ServeAsync(ConnectionContext connection, bool isTls, IPAddress? address)
    {
        if (!isTls)
        {
            await ServeAsync(connection.Transport.Input, connection.Transport.Output, address);
            return;
        }

        await using var stream = new SslStream(
            new PipeStream(connection.Transport.Input, connection.Transport.Output), leaveInnerStreamOpen: true);
        using (var handshake = Deadline())
        {
            await stream.AuthenticateAsServerAsync(tls!.Options, handshake.Token);
        }

        await ServeAsync(PipeReader.Create(stream), PipeWriter.Create(stream), address);
        await stream.ShutdownAsync();
    }

    private async Task ServeAsync(PipeReader input, PipeWriter output, IPAddress? address)
    {
        var started = Stopwatch.GetTimestamp();
        SpamdRequest? request = null;
        ReadOnlyMemory<byte> reply;
        string? error;
        using (var deadline = Deadline())
        {
            try
            {
                byte[]? body;
                (request, body, error) = await ReadAsync(input, deadline.Token);
                reply = error is null ? await answer.ToAsync(request!, body ?? [], address, started) : SpamdReply.Wrong(error);
            }
            catch (OperationCanceledException)
            {
                error = "timeout";
                reply = SpamdReply.TimedOut($"({options.Spam.ClientTimeout.TotalSeconds:0} second timeout reading input from client)");
            }
        }

        if (!reply.IsEmpty)
        {
            await output.WriteAsync(reply);
        }

        if (error is not null)
        {
            LogWrong(address, error);
            await DrainAsync(input);
        }
    }

    private async Task<(SpamdRequest? Request, byte[]? Body, string? Error)> ReadAsync(PipeReader input, CancellationToken ct)
    {
        var (request, error) = await ReadHeadAsync(input, ct);
        if (error is not null || !request!.HasBody)
        {
            return (request, null, error);
        }

        var limit = options.Spam.MaxClientMessage.Bytes;
        (var body, error) = await SpamdBody.ReadAsync(input, request.ContentLength, limit, ct);
        var (message, wrong) = body is not null && request.IsCompressed ? SpamdBody.Inflate(body, limit) : (body, error);
        return (request, message, wrong);
    }

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

    // What is still under way is taken: a reset would take our reply from the client.
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
            // Long enough.
        }
    }

    private CancellationTokenSource Deadline() => new(options.Spam.ClientTimeout, time);

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
