using MimeKit;

namespace Backstop.Clean.Imap;

/// <summary>
/// A message that is written octet by octet as it was read. MimeKit would write a damaged body in another form.
/// </summary>
internal static class RawMessage
{
    /// <summary>Makes a message to append to a folder.</summary>
    /// <param name="octets">The message, with CRLF line ends as the server sent it.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<MimeMessage> OfAsync(ReadOnlyMemory<byte> octets, CancellationToken ct)
    {
        var end = octets.Span.IndexOf("\r\n\r\n"u8);
        var (header, body) = end < 0 ? (octets, default) : (octets[..(end + 4)], octets[(end + 4)..]);
        using var stream = new MemoryStream(header.ToArray());
        var message = new MimeMessage();
        message.Headers.Clear();
        foreach (var field in await HeaderList.LoadAsync(stream, ct))
        {
            message.Headers.Add(field);
        }

        message.Body = new RawBody(body);
        return message;
    }

    private sealed class RawBody : MimeEntity
    {
        private readonly ReadOnlyMemory<byte> _octets;

        public RawBody(ReadOnlyMemory<byte> octets)
            : base("text", "plain")
        {
            _octets = octets;

            // The message's own header already has the fields of the body.
            Headers.Clear();
        }

        public override void Prepare(EncodingConstraint constraint, int maxLineLength = 78)
        {
            // The body must not be encoded again.
        }

        public override void WriteTo(
            FormatOptions options, Stream stream, bool contentOnly, CancellationToken cancellationToken = default) =>
            stream.Write(_octets.Span);

        public override Task WriteToAsync(
            FormatOptions options, Stream stream, bool contentOnly, CancellationToken cancellationToken = default) =>
            stream.WriteAsync(_octets, cancellationToken).AsTask();
    }
}
