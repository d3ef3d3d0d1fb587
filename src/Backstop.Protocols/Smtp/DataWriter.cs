using System.Buffers;

namespace Backstop.Protocols.Smtp;

/// <summary>Writes message content as DATA wants it: LF becomes CRLF, and a dot at a line's begin is doubled (RFC 5321 §4.5.2).</summary>
/// <remarks>
/// The inverse of <see cref="DataReader"/> for content whose line ends are LF. A mutable struct: one lives in each transaction, and where
/// the content is cut never changes what comes out.
/// </remarks>
public struct DataWriter
{
    private bool _isInLine;

    /// <summary>The end of the message, behind its last line.</summary>
    public static ReadOnlyMemory<byte> End { get; } = ".\r\n"u8.ToArray();

    /// <summary>Writes content.</summary>
    /// <param name="content">The octets; line ends are LF.</param>
    /// <param name="output">Receives them: at most twice as many, and one.</param>
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

    /// <summary>Ends the last line, if it has no end; then comes <see cref="End"/>.</summary>
    /// <param name="output">Receives its end.</param>
    public void EndLine(IBufferWriter<byte> output)
    {
        if (_isInLine)
        {
            output.Write("\r\n"u8);
            _isInLine = false;
        }
    }
}
