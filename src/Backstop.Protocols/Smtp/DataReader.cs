using System.Buffers;

namespace Backstop.Protocols.Smtp;

/// <summary>What was found in the octets of a message.</summary>
public enum DataStatus
{
    /// <summary>All octets were taken; the message continues.</summary>
    Incomplete,

    /// <summary>The end of the message was taken.</summary>
    Complete,

    /// <summary>A CR or LF stands alone: message and commands can no longer be told apart.</summary>
    BareLineEnd,
}

/// <summary>Receives message content piece by piece.</summary>
public interface IContentSink
{
    /// <summary>Takes content; line ends are LF.</summary>
    /// <param name="content">The octets; valid only during the call.</param>
    void Append(ReadOnlySpan<byte> content);

    /// <summary>Called after the LF of a line was appended.</summary>
    /// <param name="length">Octets of the line as received, CRLF included.</param>
    void LineEnded(long length);
}

/// <summary>
/// Reads message content: removes dot-stuffing (RFC 5321 §4.5.2), turns CRLF into LF and finds the end. Strict: only
/// CRLF "." CRLF ends a message.
/// </summary>
/// <remarks>
/// Invariant: a lone CR or LF is refused, so turning CRLF into LF loses nothing and can be reversed. Where lone LFs are
/// normalized, a line that one ends becomes a line of the content, and nothing else changes: a dot behind a lone LF is text,
/// as it is to a server that knows only CRLF. A mutable struct, one in each session. The result does not depend on how the
/// octets are split.
/// </remarks>
public struct DataReader
{
    private readonly bool _normalizes;

    private enum At
    {
        LineStart,
        InLine,
        AfterBareLf,
        AfterCr,
        AfterDot,
        AfterDotCr,
    }

    private At _at;
    private long _lineLength;

    /// <summary>Begins a message.</summary>
    /// <param name="normalizesBareLf">Whether a lone LF in the content ends a line of it, instead of ending everything.</param>
    public DataReader(bool normalizesBareLf) => _normalizes = normalizesBareLf;

    /// <summary>Takes lines up to the end of the message (DATA).</summary>
    /// <param name="input">The unread octets; those taken are cut off.</param>
    /// <param name="sink">Receives the content.</param>
    /// <returns>Whether the message ended, goes on or broke the line-end rule.</returns>
    public DataStatus ReadLines(ref ReadOnlySequence<byte> input, IContentSink sink)
    {
        var offset = 0L;
        foreach (var memory in input)
        {
            var status = Read(memory.Span, sink, dots: true, out var used);
            if (status != DataStatus.Incomplete)
            {
                input = input.Slice(offset + used);
                return status;
            }

            offset += memory.Length;
        }

        input = input.Slice(input.End);
        return DataStatus.Incomplete;
    }

    /// <summary>
    /// Takes the octets of a chunk (BDAT, RFC 3030 §2): no dot-stuffing and no end marker, but the same strict line
    /// ends.
    /// </summary>
    /// <param name="chunk">The octets; all are taken.</param>
    /// <param name="sink">Receives the content.</param>
    /// <returns>Never <see cref="DataStatus.Complete"/>.</returns>
    public DataStatus ReadChunk(ReadOnlySequence<byte> chunk, IContentSink sink)
    {
        foreach (var memory in chunk)
        {
            if (Read(memory.Span, sink, dots: false, out _) == DataStatus.BareLineEnd)
            {
                return DataStatus.BareLineEnd;
            }
        }

        return DataStatus.Incomplete;
    }

    /// <summary>Ends the last chunk; a last line without CRLF gets an LF.</summary>
    /// <param name="sink">Receives the content.</param>
    /// <returns>Complete, or BareLineEnd if the content ended in a lone CR.</returns>
    public DataStatus EndChunks(IContentSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (_at == At.AfterCr)
        {
            return DataStatus.BareLineEnd;
        }

        if (_at == At.InLine)
        {
            EndLine(sink, 0);
        }

        return DataStatus.Complete;
    }

    private DataStatus Read(ReadOnlySpan<byte> span, IContentSink sink, bool dots, out int used)
    {
        used = 0;
        while (used < span.Length)
        {
            switch (_at)
            {
                case At.LineStart when dots && span[used] == '.':
                    _at = At.AfterDot;
                    _lineLength = 1;
                    used++;
                    break;
                case At.LineStart or At.InLine or At.AfterBareLf:
                    used += TakeText(span[used..], sink);
                    if (_at == At.LineStart)
                    {
                        return DataStatus.BareLineEnd;
                    }

                    break;
                case At.AfterDot when span[used] == '\r':
                    _at = At.AfterDotCr;
                    used++;
                    break;
                case At.AfterDot:
                    // The dot was stuffing; the line follows. An LF here means ".<LF>", an attempt at smuggling. To a server
                    // that knows only CRLF it is a line that goes on, so even normalized it ends nothing.
                    _at = At.InLine;
                    break;
                default:
                    if (span[used++] != '\n')
                    {
                        return DataStatus.BareLineEnd;
                    }

                    if (_at == At.AfterDotCr)
                    {
                        _at = At.LineStart;
                        return DataStatus.Complete;
                    }

                    EndLine(sink, 2);
                    break;
            }
        }

        return DataStatus.Incomplete;
    }

    // Takes text up to and including the next CR or normalized LF. Leaves LineStart to report a lone LF.
    private int TakeText(ReadOnlySpan<byte> rest, IContentSink sink)
    {
        var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
        var text = end < 0 ? rest : rest[..end];
        if (text.Length > 0)
        {
            sink.Append(text);
            _lineLength += text.Length;
        }

        if (end < 0)
        {
            _at = At.InLine;
            return rest.Length;
        }

        _at = rest[end] == '\r' ? At.AfterCr : At.LineStart;
        if (_normalizes && _at == At.LineStart)
        {
            EndLine(sink, 2);
            _at = At.AfterBareLf;
        }

        return end + 1;
    }

    private void EndLine(IContentSink sink, int lineEnd)
    {
        sink.Append("\n"u8);
        sink.LineEnded(_lineLength + lineEnd);
        _lineLength = 0;
        _at = At.LineStart;
    }
}
