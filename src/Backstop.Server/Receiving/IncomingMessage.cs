using System.Globalization;
using Backstop.Configuration.Options;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Posix;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Receiving;

/// <summary>Limits the memory and the files that all messages being received use together.</summary>
/// <param name="maxFiles">How many files; each needs a descriptor in addition to that of its connection.</param>
internal sealed class ReceiveBudget(int maxFiles = int.MaxValue)
{
    /// <summary>Above this many octets, messages are written to disk early.</summary>
    public const long Limit = 32L << 20;

    private long _held;
    private int _files;

    /// <summary>Whether memory is short.</summary>
    public bool IsShort => Volatile.Read(ref _held) > Limit;

    public void Add(long bytes) => Interlocked.Add(ref _held, bytes);

    /// <summary>Reserves a file; false where none is left.</summary>
    public bool TryOpenFile()
    {
        if (Interlocked.Increment(ref _files) <= maxFiles)
        {
            return true;
        }

        CloseFile();
        return false;
    }

    /// <summary>Gives a file back.</summary>
    public void CloseFile() => Interlocked.Decrement(ref _files);
}

/// <summary>
/// A message that is being received: in memory while small, in a file of the spool's folder for large messages
/// otherwise. It remembers why it must be refused and then keeps nothing more, so that a client may send anything.
/// </summary>
internal sealed class IncomingMessage(
    SmtpOptions limits, ReceiveBudget budget, string largeDirectory) : IContentSink, IReceived, IDisposable
{
    private readonly MessageFront _front = new(budget);
    private long _length;
    private int _lines;
    private bool _headerEnded;
    private FileStream? _file;

    /// <summary>Why the message must be refused; null where it may be accepted.</summary>
    public SmtpReply? Refusal { get; private set; }

    /// <summary>
    /// The beginning of the message without a gap, including the whole header; all of it where <see cref="LargeFile"/>
    /// is null.
    /// </summary>
    public ReadOnlyMemory<byte> Front => _front.Octets;

    /// <summary>How many octets it has, with LF line ends.</summary>
    public long Length => _length;

    /// <summary>How many lines it has.</summary>
    public int Lines => _lines;

    /// <summary>The name of the file with the whole message; null where it is in memory.</summary>
    public string? LargeFile => _file is null ? null : Path.GetFileName(_file.Name);

    /// <inheritdoc />
    public void Append(ReadOnlySpan<byte> content)
    {
        if (Refusal is not null)
        {
            return;
        }

        _length += content.Length;
        if (_length + _lines > limits.MaxMessage.Bytes)
        {
            Refuse(SmtpReplies.TooBig);
        }
        else if (!_headerEnded && _length > limits.MaxHeader.Bytes)
        {
            Refuse(SmtpReplies.HeaderTooBig);
        }
        else
        {
            Keep(content);
        }
    }

    /// <inheritdoc />
    public void LineEnded(long length)
    {
        _lines++;
        _headerEnded |= length == 2;
        if (length > limits.MaxTextLine.Bytes)
        {
            Refuse(SmtpReplies.TextLineTooLong);
        }
    }

    /// <summary>Refuses the message, and keeps nothing more.</summary>
    public void Refuse(SmtpReply reason)
    {
        Refusal ??= reason;
        Dispose();
    }

    /// <summary>Changes one octet of the beginning.</summary>
    public void Overwrite(int offset, byte value)
    {
        if (Refusal is not null)
        {
            return;
        }

        _front.Overwrite(offset, value);
        try
        {
            if (_file is { } file)
            {
                file.Position = offset;
                file.WriteByte(value);
                file.Position = _length;
            }
        }
        catch (IOException error)
        {
            // The caller is reading the beginning, so it stays until the caller is done.
            Refusal ??= ReplyTo(error);
        }
    }

    /// <inheritdoc />
    public int Close(ContentRules rules, MailMessage? front, bool toDisk)
    {
        var hops = front is not null ? rules.CountHops(front, field => Overwrite(field.NameStart, (byte)'Y')) : 0;
        Flush(toDisk);
        return hops;
    }

    /// <summary>Writes a large message to its file.</summary>
    /// <param name="toDisk">Whether it must be synced to disk, rather than only be readable in the file.</param>
    public void Flush(bool toDisk)
    {
        try
        {
            _file?.Flush(toDisk);
        }
        catch (IOException error)
        {
            Refusal ??= ReplyTo(error);
        }
    }

    /// <summary>Leaves the large file to the spool.</summary>
    public void HandOver()
    {
        if (_file is { } file)
        {
            _file = null;
            file.Dispose();
            budget.CloseFile();
        }
    }

    public void Dispose()
    {
        _front.Dispose();
        if (_file is not { } file)
        {
            return;
        }

        _file = null;
        budget.CloseFile();
        try
        {
            using (file)
            {
                File.Delete(file.Name);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Buffered octets are not needed, and the file is closed. A file that cannot be removed is removed at the
            // next start.
        }
    }

    // The whole header stays in memory however short that is: hops, forged fields and the classifier need it.
    private void Keep(ReadOnlySpan<byte> content)
    {
        var taken = _front.Add(content, _headerEnded ? 0 : (int)limits.MaxHeader.Bytes);
        if (_file is not null)
        {
            WriteToFile(content);
        }
        else if (taken < content.Length && Spill())
        {
            WriteToFile(content[taken..]);
        }
    }

    // Moves the message from memory to a file; false where that failed and the message is refused.
    private bool Spill()
    {
        if (!budget.TryOpenFile())
        {
            Refuse(SmtpReplies.OutOfRoom);
            return false;
        }

        try
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid():N}.body");
            _file = new FileStream(Path.Combine(largeDirectory, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, 64 << 10);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            budget.CloseFile();
            Refuse(ReplyTo(error));
            return false;
        }

        WriteToFile(Front.Span);
        return Refusal is null;
    }

    private void WriteToFile(ReadOnlySpan<byte> content)
    {
        try
        {
            _file?.Write(content);
        }
        catch (IOException error)
        {
            Refuse(ReplyTo(error));
        }
    }

    private static SmtpReply ReplyTo(Exception error) =>
        error is IOException trouble && DiskFull.Is(trouble) ? SmtpReplies.OutOfRoom : SmtpReplies.OurTrouble;
}
