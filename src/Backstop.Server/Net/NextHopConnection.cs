using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Net;

/// <summary>A session with the server behind us: says lines, hears replies, each within its time.</summary>
/// <remarks>
/// Any trouble is an <see cref="IOException"/>; after it the connection is of no use. SMTP's replies carry no number: they belong
/// together by their order alone. So what nobody asked for is trouble too, or every later reply would be taken for the one before
/// it.
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

    /// <summary>The keywords of its EHLO or LHLO answer.</summary>
    public IReadOnlySet<string> Extensions { get; private set; } = new HashSet<string>();

    /// <summary>When it was last used.</summary>
    public long LastUsed { get; set; }

    /// <summary>Connects and greets.</summary>
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
            throw new IOException($"{to}: {(error is OperationCanceledException ? "no connection in time" : error.Message)}", error);
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

    /// <summary>Says a line and hears its reply.</summary>
    /// <param name="line">Without its end.</param>
    /// <param name="limit">For the line, and for the reply.</param>
    /// <param name="good">The first digit of a positive reply: 3 for DATA.</param>
    public async Task<SmtpReply> AskAsync(string line, TimeSpan limit, int good = 2)
    {
        ExpectSilence();
        await SayAsync(line, limit);
        return await HearAsync(limit, good);
    }

    /// <summary>Makes sure that no reply has come before the octets that it would be the answer to.</summary>
    /// <exception cref="IOException">One has.</exception>
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
            throw new IOException("the next server does not read", error);
        }
    }

    /// <summary>A reply as the client behind us is to hear it.</summary>
    public async Task<SmtpReply> HearAsync(TimeSpan limit, int good = 2)
    {
        var (code, lines) = await ReadReplyAsync(limit);

        // Its 421 ends its session with us, not ours with the client; a code that cannot be the answer (RFC 5321 §4.3.2) is trouble.
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
            throw new IOException("the next server does not answer in time", error);
        }
    }

    private (int Code, IReadOnlyList<string> Lines)? Take(ReadOnlySequence<byte> input)
    {
        var isThere = _replies.TryRead(ref input, out var code, out var lines, out var error);
        _input.AdvanceTo(input.Start, isThere ? input.Start : input.End);
        return error is not null ? throw new IOException($"the next server {error}") : isThere ? (code, lines) : null;
    }
}
