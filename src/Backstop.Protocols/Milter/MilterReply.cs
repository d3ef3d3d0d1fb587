using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Backstop.Protocols.Milter;

/// <summary>
/// Writes a filter's packets: the answers to events, and at the end of a message its changes before the answer.
/// </summary>
public static class MilterReply
{
    /// <summary>Continue: the server goes on to the next event.</summary>
    public static void Continue(IBufferWriter<byte> output) => Write(output, 'c');

    /// <summary>Accept: no further events are sent for the message, or before RCPT for the connection.</summary>
    public static void Accept(IBufferWriter<byte> output) => Write(output, 'a');

    /// <summary>Refuse for good (5xx), with the server's own text.</summary>
    public static void Reject(IBufferWriter<byte> output) => Write(output, 'r');

    /// <summary>Refuse for now (4xx), with the server's own text.</summary>
    public static void TempFail(IBufferWriter<byte> output) => Write(output, 't');

    /// <summary>
    /// Skip further events of this kind in this message; only if <see cref="MilterSteps.Skip"/> was agreed on.
    /// </summary>
    public static void Skip(IBufferWriter<byte> output) => Write(output, 's');

    /// <summary>Progress: the answer takes longer, and the server restarts its time limit.</summary>
    public static void Progress(IBufferWriter<byte> output) => Write(output, 'p');

    /// <summary>Refuse with a code and text of our own.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="reply">Code, enhanced status and text: <c>550 5.7.1 No</c>. A 421 ends the client's session.</param>
    public static void Reply(IBufferWriter<byte> output, string reply)
    {
        ArgumentNullException.ThrowIfNull(reply);

        // Sendmail uses the text as a printf format and Postfix reverses the escape, so every % is doubled.
        Write(output, 'y', Octets(Clean(reply).Replace("%", "%%", StringComparison.Ordinal)));
    }

    /// <summary>Adds a header field behind the last one.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="name">The field name.</param>
    /// <param name="value">Its body, LF between folded lines; with its leading space if that was agreed on.</param>
    public static void AddHeader(IBufferWriter<byte> output, string name, string value) => Write(output, 'h', Octets(name), Octets(value));

    /// <summary>Inserts a header field.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="index">The field it is inserted before; 0 for the front.</param>
    /// <param name="name">The field name.</param>
    /// <param name="value">Its body.</param>
    public static void InsertHeader(IBufferWriter<byte> output, int index, string name, string value) =>
        WriteIndexed(output, 'i', index, Octets(name), Octets(value));

    /// <summary>Changes a header field, or deletes it.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="index">The number of the field among those of its name, counted from 1.</param>
    /// <param name="name">Its name, as the server sent it.</param>
    /// <param name="value">Its new body; empty deletes it.</param>
    public static void ChangeHeader(IBufferWriter<byte> output, int index, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) =>
        WriteIndexed(output, 'm', index, name, value);

    /// <summary>Changes the reverse-path.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="path">With its angle brackets.</param>
    public static void ChangeSender(IBufferWriter<byte> output, ReadOnlyMemory<byte> path) => Write(output, 'e', path);

    /// <summary>Adds a recipient.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="path">With its angle brackets.</param>
    public static void AddRecipient(IBufferWriter<byte> output, ReadOnlyMemory<byte> path) => Write(output, '+', path);

    /// <summary>Deletes a recipient.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="path">As the server sent it, octet for octet.</param>
    public static void DeleteRecipient(IBufferWriter<byte> output, ReadOnlyMemory<byte> path) => Write(output, '-', path);

    /// <summary>Puts the message into the server's quarantine.</summary>
    /// <param name="output">Receives the packet.</param>
    /// <param name="reason">Text for the administrator; control characters become question marks.</param>
    public static void Quarantine(IBufferWriter<byte> output, string reason) => Write(output, 'q', Octets(Clean(reason)));

    private static void Write(IBufferWriter<byte> output, char code, params ReadOnlySpan<ReadOnlyMemory<byte>> strings) =>
        WriteNumbered(output, code, [], strings);

    private static void WriteIndexed(
        IBufferWriter<byte> output, char code, int index, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, index);
        WriteNumbered(output, code, number, name, value);
    }

    private static void WriteNumbered(
        IBufferWriter<byte> output, char code, ReadOnlySpan<byte> number, params ReadOnlySpan<ReadOnlyMemory<byte>> strings)
    {
        ArgumentNullException.ThrowIfNull(output);
        var length = 1 + number.Length;
        foreach (var octets in strings)
        {
            length += octets.Length + 1;
        }

        var span = output.GetSpan(4 + length);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        span[4] = (byte)code;
        number.CopyTo(span[5..]);
        var at = 5 + number.Length;
        foreach (var octets in strings)
        {
            octets.Span.CopyTo(span[at..]);
            at += octets.Length;
            span[at++] = 0;
        }

        output.Advance(4 + length);
    }

    private static byte[] Octets(string text) => Encoding.UTF8.GetBytes(text);

    // Text that a client sent must not end a line of the server's reply.
    private static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
