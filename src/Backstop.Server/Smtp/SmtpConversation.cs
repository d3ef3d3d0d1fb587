using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Protocols.Smtp;
using Backstop.Server.Admission;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Smtp;

/// <summary>
/// Moves bytes between a connection and its session: reads frames and writes replies, with one flush for each batch
/// (RFC 2920).
/// </summary>
internal sealed class SmtpConversation(
    SmtpServices services, ConnectionContext connection, SmtpListener listener, SmtpSession session, SessionClock clock)
{
    private readonly SmtpOptions _limits = services.Options.Smtp;
    private readonly PathLimits _paths = new(
        services.Options.Smtp.MaxLocalPart, services.Options.Smtp.MaxDomain, services.Options.Smtp.MaxPath);
    private PipeReader _input = connection.Transport.Input;
    private PipeWriter _output = connection.Transport.Output;
    private readonly SendingPace _pace = new(services.Time);
    private DataReader _data;
    private long _left;
    private bool _isFresh;
    private long _chunkLeft;
    private bool _chunkIsLast;
    private bool _inChunk;
    private SmtpReply? _chunkRefusal;
    private bool _closed;
    private bool _startTls;

    public async Task RunAsync()
    {
        clock.Watch(_input);
        if (ProxyGreeting.IsFrom(services, session) && !await ProxyGreeting.ReadAsync(_input, services, session, clock, EndReason))
        {
            return;
        }

        if (NotAdmitted() is var (reason, no))
        {
            Write(services.Pipeline.Refuse("connect", reason, session.Client, no));
            await _output.FlushAsync();
            return;
        }

        Write(session.Begin());
        await _output.FlushAsync();
        await ConverseAsync();
        if (_startTls)
        {
            await ConverseInTlsAsync();
        }
    }

    // A mail server beside us may have as many connections as its clients need.
    private (Reason Reason, SmtpReply Reply)? NotAdmitted() =>
        !(listener.IsProxy && session.IsFromServer) && !services.Sessions.CountClient(clock, session.Client.Address)
            ? (ServerReasons.ConnectionsClient, SmtpReplies.TooManyConnections)
            : !services.Precedence.Shares.MayConnect(session.Client)
            ? (ServerReasons.LaneConnections, SmtpReplies.TooManyConnections)
            : !session.IsTrusted && services.Errors.Harvest.IsHarvesting(session.Client.Address)
            ? (ServerReasons.Harvest, SmtpReplies.TooManyErrors)
            : null;

    private async Task ConverseAsync()
    {
        (_left, _isFresh) = (0, true);
        while (!_closed && !_startTls)
        {
            if (_isFresh)
            {
                _pace.Begin(TimeLimit());
                _isFresh = false;
            }

            clock.Within(_pace.Wait());
            var read = await _input.ReadAsync();
            clock.Pause();
            Count(read.Buffer.Length - _left);
            var delay = await TakeAsync(read);
            if (delay > TimeSpan.Zero)
            {
                // Here, because a client that waits for its errors must not count as real mail under way.
                await services.Errors.Delays.WaitAsync(delay);
                await FlushAsync();
            }

            // The stream ended inside a frame: a message that is not finished is never accepted.
            _closed |= read.IsCompleted;
        }
    }

    // Answers what has come, or returns how long the answers are to wait.
    private async ValueTask<TimeSpan> TakeAsync(ReadResult read)
    {
        using var step = services.Precedence.Gate.Real.Begin(session.HasRealMail);
        if (read.IsCanceled && EndReason() is { } reason)
        {
            Write(reason);
            _closed = true;
        }

        var buffer = read.Buffer;
        var rest = _closed ? buffer : await AnswerAllAsync(buffer);
        _left = rest.Length;
        _input.AdvanceTo(rest.Start, buffer.End);
        var delay = session.TakeDelay();
        if (delay == TimeSpan.Zero)
        {
            await FlushAsync();
        }

        return delay;
    }

    private async ValueTask FlushAsync()
    {
        if (_output.UnflushedBytes > 0)
        {
            clock.Within(_limits.CommandTimeout);
            var flush = await _output.FlushAsync();
            clock.Pause();
            _closed |= flush.IsCompleted;
        }
    }

    // A command line has one time limit, however its octets arrive. Data may take long, and its octets add time at a rate.
    private void Count(long octets)
    {
        if (session.State != SmtpState.ReceivingData && !_inChunk)
        {
            _pace.Came();
        }
        else if (octets > 0 && session.State == SmtpState.ReceivingData && session.Message.Length == 0)
        {
            _pace.Begin(_limits.BlockTimeout);
        }
        else
        {
            _pace.Came(octets, _limits.MinDataRate.Bytes, _limits.BlockTimeout);
        }
    }

    // RFC 5321 §3.8: a reply precedes a close of ours, whatever went wrong. What is thrown here is not the connection's fault.
    private async ValueTask<ReadOnlySequence<byte>> AnswerAllAsync(ReadOnlySequence<byte> buffer)
    {
        try
        {
            return await TakeAllAsync(buffer);
        }
        catch (Exception error)
        {
            Write(SmtpReplies.OurFault);
            clock.Within(_limits.CommandTimeout);
            await ((Task)_output.FlushAsync().AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new InvalidOperationException("A command could not be answered", error);
        }
    }

    // Takes all whole frames, and returns the rest of the buffer.
    private async ValueTask<ReadOnlySequence<byte>> TakeAllAsync(ReadOnlySequence<byte> buffer)
    {
        while (!_closed && !buffer.IsEmpty)
        {
            var before = buffer.Length;
            if (_inChunk)
            {
                buffer = await TakeChunkAsync(buffer);
            }
            else if (session.State == SmtpState.ReceivingData)
            {
                buffer = await TakeDataAsync(buffer);
            }
            else
            {
                buffer = await TakeCommandAsync(buffer);
            }

            if (_startTls || buffer.Length == before)
            {
                break;
            }
        }

        return buffer;
    }

    private async ValueTask<ReadOnlySequence<byte>> TakeCommandAsync(ReadOnlySequence<byte> buffer)
    {
        var (status, rest, command) = ReadCommand(buffer);
        if (command.Verb == SmtpVerb.Foreign || (status != LineStatus.Complete && ForeignProtocol.Begins(buffer.FirstSpan[0])))
        {
            session.NoteForeign();
            Write(services.Pipeline.Refuse("session", ServerReasons.ProtocolForeign, session.Client, SmtpReplies.NotSmtp));
            return rest;
        }

        switch (status)
        {
            case LineStatus.Incomplete:
                return buffer;
            case LineStatus.Complete:
                _isFresh = true;
                break;
            case LineStatus.TooLong:
                Write(services.Pipeline.Refuse("session", ServerReasons.LineTooLong, session.Client, SmtpReplies.LineTooLong));
                return rest;
            case LineStatus.BareLineEnd:
                Write(services.Pipeline.Refuse("session", ServerReasons.LineBareEnd, session.Client, SmtpReplies.BareLineEnd));
                return rest;
            default:
                break;
        }

        if (command.Verb == SmtpVerb.Bdat && command.Error is null)
        {
            await StartChunkAsync(command);
            return rest;
        }

        var reply = await session.ReplyAsync(command, CancellationToken.None);
        if (ReferenceEquals(reply, SmtpReplies.StartTls))
        {
            // RFC 3207 §6: what an attacker inserted before the handshake must not be taken as part of the encrypted
            // session.
            _startTls = rest.IsEmpty;
            reply = rest.IsEmpty
                ? reply
                : services.Pipeline.Refuse("session", ServerReasons.StartTlsPipelined, session.Client, SmtpReplies.PipelinedStartTls);
        }

        Write(reply);
        if (session.State == SmtpState.ReceivingData)
        {
            BeginContent();
        }

        return rest;
    }

    // Not async: SequenceReader is a ref struct and must not live across an await.
    private (LineStatus Status, ReadOnlySequence<byte> Left, SmtpCommand Command) ReadCommand(ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        var status = SmtpLine.TryRead(ref reader, out var line, (int)_limits.MaxCommandLine.Bytes);
        if (status != LineStatus.Complete)
        {
            return (status, buffer, default);
        }

        var command = line.IsSingleSegment ? SmtpCommand.Parse(line.FirstSpan, _paths) : SmtpCommand.Parse(line.ToArray(), _paths);
        return (status, buffer.Slice(reader.Position), command);
    }

    private async ValueTask<ReadOnlySequence<byte>> TakeDataAsync(ReadOnlySequence<byte> buffer)
    {
        var status = _data.ReadLines(ref buffer, session.Message);
        if (status == DataStatus.BareLineEnd)
        {
            Write(services.Pipeline.Refuse("data", ServerReasons.LineBareEnd, session.Client, SmtpReplies.BareLineEnd));
        }
        else if (status == DataStatus.Complete)
        {
            await EndContentAsync(isLast: true, session.EndMessageAsync);
        }

        return buffer;
    }

    private async ValueTask StartChunkAsync(SmtpCommand command)
    {
        var isFirst = session.State != SmtpState.ReceivingChunks;
        _chunkRefusal = session.RefuseChunk();
        _chunkLeft = command.Size;
        _chunkIsLast = command.IsLast;
        _inChunk = true;
        if (isFirst && _chunkRefusal is null)
        {
            BeginContent();
        }

        if (_chunkLeft == 0)
        {
            await EndChunkAsync();
        }
    }

    private async ValueTask<ReadOnlySequence<byte>> TakeChunkAsync(ReadOnlySequence<byte> buffer)
    {
        var take = Math.Min(_chunkLeft, buffer.Length);
        var chunk = buffer.Slice(0, take);
        if (_chunkRefusal is null && _data.ReadChunk(chunk, session.Message) == DataStatus.BareLineEnd)
        {
            Write(services.Pipeline.Refuse("data", ServerReasons.LineBareEnd, session.Client, SmtpReplies.BareLineEnd));
            return buffer;
        }

        _chunkLeft -= take;
        if (_chunkLeft == 0)
        {
            await EndChunkAsync();
        }

        return buffer.Slice(take);
    }

    private async ValueTask EndChunkAsync()
    {
        (_inChunk, _isFresh) = (false, true);
        if (_chunkRefusal is { } refusal)
        {
            Write(refusal);
        }
        else if (_chunkIsLast && _data.EndChunks(session.Message) == DataStatus.BareLineEnd)
        {
            Write(services.Pipeline.Refuse("data", ServerReasons.LineBareEnd, session.Client, SmtpReplies.BareLineEnd));
        }
        else
        {
            await EndContentAsync(isLast: _chunkIsLast, () => session.EndChunkAsync(_chunkIsLast));
        }
    }

    private void BeginContent()
    {
        _data = new(session.NormalizesBareLf);
        clock.MessageWithin(_limits.MessageTimeout);
    }

    private async ValueTask EndContentAsync(bool isLast, Func<ValueTask<IReadOnlyList<SmtpReply>>> end)
    {
        _isFresh = true;
        if (isLast)
        {
            // What the message takes from here on is our time, not the client's.
            clock.MessageWithin(null);
        }

        foreach (var reply in await end())
        {
            Write(reply);
        }

        if (session.IsBetweenMessages)
        {
            clock.MessageWithin(null);
            if (services.Sessions.IsStopping)
            {
                Write(SmtpReplies.ShuttingDown);
            }
        }
    }

    private async Task ConverseInTlsAsync()
    {
        await using var tls = new SslStream(new PipeStream(_input, _output), leaveInnerStreamOpen: true);
        using var limit = new CancellationTokenSource(_limits.TlsTimeout, services.Time);
        await listener.Tls!.HandshakeAsync(tls, limit.Token);
        session.StartTls();
        _startTls = false;
        _input = PipeReader.Create(tls, new(leaveOpen: true));
        _output = PipeWriter.Create(tls, new(leaveOpen: true));
        clock.Watch(_input);
        await ConverseAsync();

        // Without close_notify the client cannot tell the end of the session from a broken connection.
        await tls.ShutdownAsync();
    }

    private SmtpReply? EndReason() =>
        clock.IsOver ? SmtpReplies.TimedOut
        : services.Sessions.IsStopping && session.IsBetweenMessages
            && !(services.Sessions.LetsFinish && session.MayHaveMessage) ? SmtpReplies.ShuttingDown
        : null;

    // RFC 5321 §4.5.3.2.4-6. Deviates from §4.5.3.2.5: the three minutes are not granted anew for each block, however small; data must
    // keep up smtp.min_data_rate, or a client that sends an octet now and then would stay for ever.
    private TimeSpan TimeLimit() => session.State switch
    {
        SmtpState.ReceivingData when session.Message.Length == 0 => _limits.DataTimeout,
        SmtpState.ReceivingData or SmtpState.ReceivingChunks => _limits.BlockTimeout,
        _ when services.Precedence.Shares.IsCrowded && _limits.CommandTimeout > ClassShares.CrowdedTimeout => ClassShares.CrowdedTimeout,
        _ => _limits.CommandTimeout,
    };

    private void Write(SmtpReply reply)
    {
        _output.Write(reply.Bytes.Span);
        _closed |= reply.Closes;
    }
}
