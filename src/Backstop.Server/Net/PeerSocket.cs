using System.Net;
using System.Net.Sockets;

namespace Backstop.Server.Net;

/// <summary>
/// Connects to a program that we ask or hand mail to, at <c>host:port</c> or the path of a Unix socket.
/// </summary>
internal static class PeerSocket
{
    private const int MaxReply = 1 << 20;

    public static async Task<NetworkStream> OpenAsync(EndPoint endPoint, CancellationToken ct)
    {
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads until the other side closes, or until a given octet ends the reply.</summary>
    /// <exception cref="IOException">The reply is too long, or the connection was closed before that octet.</exception>
    public static async Task<byte[]> ReadAsync(Stream stream, CancellationToken ct, byte? end = null)
    {
        using var reply = new MemoryStream();
        var buffer = new byte[8192];
        for (int count; (count = await stream.ReadAsync(buffer, ct)) > 0;)
        {
            reply.Write(buffer, 0, count);
            if (reply.Length > MaxReply)
            {
                throw new IOException("the reply is larger than a megabyte");
            }

            if (end is { } octet && buffer[count - 1] == octet)
            {
                return reply.ToArray();
            }
        }

        return end is null ? reply.ToArray() : throw new IOException("the connection was closed before the end of the reply");
    }
}
