namespace Backstop.Clean.Imap;

/// <summary>
/// Checks what an IMAP server sends before MailKit reads it, because MailKit bounds nothing. Every fault of the server
/// is thrown as an <see cref="ImapFault"/>.
/// </summary>
/// <param name="inner">The connection, decrypted.</param>
/// <param name="address">The server, for messages.</param>
/// <param name="limits">The limits of an answer.</param>
/// <param name="time">The clock.</param>
internal sealed class ImapCheckedStream(Stream inner, ImapAddress address, ImapLimits limits, TimeProvider time) : Stream
{
    private readonly ImapGrammarCheck _grammar = new(limits);
    private byte[] _first = "* OK ready\r\n"u8.ToArray();
    private long _asked = time.GetTimestamp();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override bool CanTimeout => true;

    public override int ReadTimeout { get; set; } = Timeout.Infinite;

    public override int WriteTimeout { get; set; } = Timeout.Infinite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// The fault that ended the connection; null while there is none. MailKit may hide it behind an exception of its
    /// own.
    /// </summary>
    public ImapFault? Fault { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_first.Length > 0)
        {
            // The greeting was read before encryption began, so MailKit is given it again here.
            var count = Math.Min(_first.Length, buffer.Length);
            _first.AsSpan(0, count).CopyTo(buffer.Span);
            _first = _first[count..];
            return count;
        }

        if (time.GetElapsedTime(_asked) > limits.Answer)
        {
            throw End(CleanFailure.Unavailable, $"the server did not complete its answer within {limits.Answer.TotalMinutes:0} minutes");
        }

        var received = await WithinAsync(token => inner.ReadAsync(buffer, token), cancellationToken);
        if (received == 0)
        {
            throw End(CleanFailure.Unavailable, "the server closed the connection");
        }

        return _grammar.Look(buffer.Span[..received]) is { } fault ? throw End(CleanFailure.Protocol, fault) : received;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _grammar.BeginAnswer();
        _asked = time.GetTimestamp();
        await WithinAsync(
            async token =>
            {
                await inner.WriteAsync(buffer, token);
                return 0;
            },
            cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    // MailKit is only used asynchronously. Its own disposal alone writes synchronously.
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<int> WithinAsync(Func<CancellationToken, ValueTask<int>> work, CancellationToken ct)
    {
        if (Fault is not null)
        {
            throw Fault;
        }

        using var silence = new CancellationTokenSource(limits.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, ct);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw End(
                CleanFailure.Unavailable, $"the server did not answer within {limits.Silence.TotalSeconds:0} seconds; try again later");
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            throw End(CleanFailure.Unavailable, error.Message);
        }
    }

    private ImapFault End(CleanFailure failure, string message) => Fault = new(failure, $"{address}: {message}");
}
