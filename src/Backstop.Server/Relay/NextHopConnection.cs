using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Relay;

/// <summary>A session with the server behind us: says lines, hears replies, each within its time.</summary>
/// <remarks>Any trouble is an <see cref="IOException"/>; after it the connection is of no use.</remarks>
internal sealed class NextHopConnection : IDisposable
{
    private const int MaxLine = 4096;
    private const int MaxLines = 200;

    private readonly Stream _stream;
    private readonly PipeReader _input;
    private readonly TimeProvider _time;

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
    public static async Task<NextHopConnection> OpenAsync(EndPoint to, string hello, TimeSpan connectLimit, TimeSpan commandLimit, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(connectLimit, time);
        NextHopConnection connection;
        try
        {
            connection = new(await PeerSocket.OpenAsync(to, limit.Token), time);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or OperationCanceledException)
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
    public async Task<SmtpReply> AskAsync(string line, TimeSpan limit)
    {
        await SayAsync(line, limit);
        return await HearAsync(limit);
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
    public async Task<SmtpReply> HearAsync(TimeSpan limit)
    {
        var (code, lines) = await ReadReplyAsync(limit);

        // Its 421 ends its session with us, not ours with the client; a code that is none is trouble.
        return code == 421 ? SmtpReply.Lines(451, lines) : code is >= 200 and < 600 ? SmtpReply.Lines(code, lines) : throw new IOException($"the next server answered {code}");
    }

    public void Dispose()
    {
        _input.Complete();
        _stream.Dispose();
    }

    private async Task<IReadOnlyList<string>> ExpectAsync(int expected, TimeSpan limit)
    {
        var (code, lines) = await ReadReplyAsync(limit);
        return code == expected ? lines : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the next server greeted with {code} {lines[0]}"));
    }

    private async Task<(int Code, IReadOnlyList<string> Lines)> ReadReplyAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        var lines = new List<string>(1);
        try
        {
            while (lines.Count < MaxLines)
            {
                var line = await ReadLineAsync(timer.Token);
                if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
                {
                    throw new IOException("the next server does not speak SMTP");
                }

                lines.Add(line.Length > 4 ? line[4..] : "");
                if (line.Length == 3 || line[3] != '-')
                {
                    return (code, lines);
                }
            }
        }
        catch (OperationCanceledException error)
        {
            throw new IOException("the next server does not answer in time", error);
        }

        throw new IOException("the next server's reply does not end");
    }

    private async ValueTask<string> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var read = await _input.ReadAsync(ct);
            var end = read.Buffer.PositionOf((byte)'\n');
            if (end is { } lf)
            {
                var line = Encoding.UTF8.GetString(read.Buffer.Slice(0, lf)).TrimEnd('\r');
                _input.AdvanceTo(read.Buffer.GetPosition(1, lf));
                return line;
            }

            var isTooLong = read.Buffer.Length > MaxLine;
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || isTooLong)
            {
                throw new IOException(isTooLong ? "the next server's reply does not end" : "the next server closed the connection");
            }
        }
    }
}
