using System.Buffers;

namespace Backstop.Protocols.Smtp;

/// <summary>
/// Writes message content for DATA: LF becomes CRLF, and a dot at the start of a line is doubled (RFC 5321 §4.5.2).
/// </summary>
/// <remarks>
/// The inverse of <see cref="DataReader"/> for content with LF line ends. A mutable struct, one in each transaction.
/// The result does not depend on how the content is split.
/// </remarks>
public struct DataWriter
{
    private bool _isInLine;

    /// <summary>The end of the message, to be sent after its last line.</summary>
    public static ReadOnlyMemory<byte> End { get; } = ".\r\n"u8.ToArray();

    /// <summary>Writes content.</summary>
    /// <param name="content">The octets; line ends are LF.</param>
    /// <param name="output">Receives at most one octet more than twice as many.</param>
    public void Write(ReadOnlySpan<byte> content, IBufferWriter<byte> output)
    {
        while (!content.IsEmpty)
        {
            if (!_isInLine && content[0] == (byte)'.')
            {
                output.Write("."u8);
            }

            var lf = content.IndexOf((byte)'\n');
            _isInLine = lf < 0;
            output.Write(_isInLine ? content : content[..lf]);
            if (!_isInLine)
            {
                output.Write("\r\n"u8);
            }

            content = _isInLine ? [] : content[(lf + 1)..];
        }
    }

    /// <summary>Completes an unfinished last line; <see cref="End"/> follows.</summary>
    /// <param name="output">Receives the line end.</param>
    public void EndLine(IBufferWriter<byte> output)
    {
        if (_isInLine)
        {
            output.Write("\r\n"u8);
            _isInLine = false;
        }
    }
}
