using System.Buffers;

namespace Backstop.Mailboxes.Reading;

/// <summary>A message and its position in an mbox file.</summary>
/// <param name="Offset">The offset of its separator line.</param>
/// <param name="Length">The octets up to the next separator or the end of the file: the part to cut to remove the
/// message.</param>
/// <param name="Raw">These octets, cut at the reader's limit. They stay valid.</param>
public readonly record struct MboxMessage(long Offset, long Length, ReadOnlyMemory<byte> Raw)
{
    /// <summary>The separator line: <c>From </c>, an address and a date; with its line end.</summary>
    public ReadOnlySpan<byte> Separator => Raw.Span[..SeparatorLength];

    /// <summary>
    /// Returns the message as it was delivered: without the separator line, the empty line before the next one, and the
    /// quoting of <c>From </c> lines.
    /// </summary>
    public ReadOnlyMemory<byte> Content()
    {
        var content = Raw[SeparatorLength..];
        content = content.Span.EndsWith("\n\n"u8) ? content[..^1] : content;
        return FindQuoted(content.Span, 0) < 0 ? content : Unquote(content.Span);
    }

    private int SeparatorLength => Raw.Span.IndexOf((byte)'\n') + 1 is > 0 and var length ? length : Raw.Length;

    // mboxrd: a line of any number of > and "From " loses one >. This is rare, so most messages are not copied.
    private static ReadOnlyMemory<byte> Unquote(ReadOnlySpan<byte> content)
    {
        var output = new ArrayBufferWriter<byte>(content.Length);
        var at = 0;
        for (int quoted; (quoted = FindQuoted(content, at)) >= 0; at = quoted + 1)
        {
            output.Write(content[at..quoted]);
        }

        output.Write(content[at..]);
        return output.WrittenMemory;
    }

    // Returns the offset of the next > that begins a quoted separator, or -1.
    private static int FindQuoted(ReadOnlySpan<byte> content, int from)
    {
        for (var at = from; at < content.Length; at++)
        {
            if (at == 0 || content[at - 1] == (byte)'\n')
            {
                if (IsQuoted(content[at..]))
                {
                    return at;
                }
            }

            var next = content[at..].IndexOf("\n>"u8);
            if (next < 0)
            {
                return -1;
            }

            at += next;
        }

        return -1;
    }

    private static bool IsQuoted(ReadOnlySpan<byte> line) => line is [(byte)'>', ..] && line.TrimStart((byte)'>').StartsWith("From "u8);
}
