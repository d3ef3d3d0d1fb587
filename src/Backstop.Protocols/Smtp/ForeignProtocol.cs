using System.Buffers;
using System.Text;

namespace Backstop.Protocols.Smtp;

/// <summary>
/// Tells a line of another protocol (HTTP, TLS, SSH) from an unknown command. Such a client has the wrong port, or a web page
/// makes a browser talk to a mail server.
/// </summary>
internal static class ForeignProtocol
{
    private static readonly SearchValues<byte> _token = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    // HTTP and WebDAV, the preface of HTTP/2, RTSP and SIP.
    private static readonly byte[][] _methods =
    [
        "GET"u8.ToArray(), "POST"u8.ToArray(), "HEAD"u8.ToArray(), "PUT"u8.ToArray(), "DELETE"u8.ToArray(), "CONNECT"u8.ToArray(),
        "OPTIONS"u8.ToArray(), "TRACE"u8.ToArray(), "PATCH"u8.ToArray(), "PROPFIND"u8.ToArray(), "PRI"u8.ToArray(),
        "DESCRIBE"u8.ToArray(), "INVITE"u8.ToArray(), "REGISTER"u8.ToArray(),
    ];

    /// <summary>
    /// Whether an octet cannot begin a command: TLS, RDP and SOCKS begin with a control character, others with a digit or a
    /// punctuation mark. White space is allowed: it may be a typing error.
    /// </summary>
    /// <param name="first">The first octet of what should be a command.</param>
    public static bool Begins(byte first) =>
        !char.IsAsciiLetter((char)first) && first is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n');

    /// <summary>Whether an unknown command is a line of another protocol.</summary>
    /// <param name="line">The line without its line end.</param>
    public static bool IsLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            return false;
        }

        if (Begins(line[0]) || line.StartsWith("SSH-"u8))
        {
            return true;
        }

        var end = line.IndexOfAnyExcept(_token);
        var word = end < 0 ? line : line[..end];
        if (end > 0 && line[end] == ':')
        {
            // A header field: of HTTP, or of a message whose DATA was refused.
            return true;
        }

        foreach (var method in _methods)
        {
            if (Ascii.EqualsIgnoreCase(word, method))
            {
                return true;
            }
        }

        return false;
    }
}
