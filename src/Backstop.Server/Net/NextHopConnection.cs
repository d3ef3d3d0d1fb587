using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Net;

/// <summary>A connection to the next server: sends lines and reads replies, each within a time limit.</summary>
/// <remarks>
/// Every failure is an <see cref="IOException"/>, after which the connection cannot be used. SMTP replies carry no number and belong to
/// commands by order alone. A reply that was not asked for is therefore a failure too: every later reply would be taken for the one
/// before it.
/// </remarks>
internal sealed class NextHopConnection : IDisposable
{
    private readonly Stream _stream;
    private readonly PipeReader _input;
    private readonly TimeProvider _time;
    private readonly SmtpReplyReader _replies = new();

    private NextHopConnection(Stream stream, TimeProvider time)
    {
        _stream = stream;
        _input = PipeReader.Create(stream);
        _time = time;
    }

    /// <summary>The keywords of the reply to EHLO or LHLO.</summary>
    public IReadOnlySet<string> Extensions { get; private set; } = new HashSet<string>();

    /// <summary>The time stamp of the last use.</summary>
    public long LastUsed { get; set; }

    /// <summary>Connects and sends EHLO or LHLO.</summary>
    public static async Task<NextHopConnection> OpenAsync(
        EndPoint to, string hello, TimeSpan connectLimit, TimeSpan commandLimit, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(connectLimit, time);
        NextHopConnection connection;
        try
        {
            connection = new(await PeerSocket.OpenAsync(to, limit.Token), time);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            throw new IOException(
                $"{to}: {(error is OperationCanceledException ? "the connection was not established in time" : error.Message)}", error);
        }

        try
        {
            await connection.ExpectAsync(220, commandLimit);
            await connection.SayAsync(hello, commandLimit);
            var reply = await connection.ExpectAsync(250, commandLimit);
            connection.Extensions = reply.Skip(1).Select(l => l.Split(' ')[0].ToUpperInvariant()).ToHashSet(StringComparer.Ordinal);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends a line and reads its reply.</summary>
    /// <param name="line">The line, without its line end.</param>
    /// <param name="limit">The time limit for sending, and for the reply.</param>
    /// <param name="good">The first digit of a positive reply; 3 for DATA.</param>
    public async Task<SmtpReply> AskAsync(string line, TimeSpan limit, int good = 2)
    {
        ExpectSilence();
        await SayAsync(line, limit);
        return await HearAsync(limit, good);
    }

    /// <summary>Checks that no reply has arrived before the octets that it would answer.</summary>
    /// <exception cref="IOException">One has arrived.</exception>
    public void ExpectSilence()
    {
        if (_stream is NetworkStream { DataAvailable: true } || (_input.TryRead(out var read) && !read.Buffer.IsEmpty))
        {
            throw new IOException("the next server replied before it was asked");
        }
    }

    public Task SayAsync(string line, TimeSpan limit) => WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), limit);

    public async Task WriteAsync(ReadOnlyMemory<byte> octets, TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        try
        {
            await _stream.WriteAsync(octets, timer.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new IOException("the next server does not read what is sent", error);
        }
    }

    /// <summary>Reads a reply in the form in which the client is to get it.</summary>
    public async Task<SmtpReply> HearAsync(TimeSpan limit, int good = 2)
    {
        var (code, lines) = await ReadReplyAsync(limit);

        // 421 ends the next server's session with us, not ours with the client. A code that cannot answer the command
        // (RFC 5321 §4.3.2) is a failure.
        return code == 421 ? SmtpReply.Lines(451, lines)
            : code / 100 == good || code is >= 400 and < 600 ? SmtpReply.Lines(code, lines)
            : throw new IOException($"the next server answered {code}");
    }

    public void Dispose()
    {
        _input.Complete();
        _stream.Dispose();
    }

    private async Task<IReadOnlyList<string>> ExpectAsync(int expected, TimeSpan limit)
    {
        var (code, lines) = await ReadReplyAsync(limit);
        return code == expected
            ? lines
            : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the next server greeted with {code} {lines[0]}"));
    }

    private async Task<(int Code, IReadOnlyList<string> Lines)> ReadReplyAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        try
        {
            while (true)
            {
                var read = await _input.ReadAsync(timer.Token);
                if (Take(read.Buffer) is { } reply)
                {
                    return reply;
                }

                if (read.IsCompleted)
                {
                    throw new IOException("the next server closed the connection");
                }
            }
        }
        catch (OperationCanceledException error)
        {
            throw new IOException("the next server did not answer in time", error);
        }
    }

    private (int Code, IReadOnlyList<string> Lines)? Take(ReadOnlySequence<byte> input)
    {
        var isThere = _replies.TryRead(ref input, out var code, out var lines, out var error);
        _input.AdvanceTo(input.Start, isThere ? input.Start : input.End);
        return error is not null ? throw new IOException($"the next server {error}") : isThere ? (code, lines) : null;
    }
}
