using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Backstop.Server.Control;

/// <summary>Asks a running server about its queue.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly Socket _socket;

    private ControlClient(Socket socket) => _socket = socket;

    /// <summary>Connects to the server of a spool; null where none listens.</summary>
    /// <param name="spool">The spool's folder.</param>
    /// <exception cref="UnauthorizedAccessException">The socket is another user's.</exception>
    public static ControlClient? TryConnect(string spool)
    {
        using var place = new ControlSocket(spool);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(place.Address));
            return new(socket);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return error.SocketErrorCode == SocketError.AccessDenied
                ? throw new UnauthorizedAccessException(
                    $"{place.Path}: {error.Message}; run this as the user that the server runs as, or as root", error)
                : null;
        }
    }

    /// <summary>Returns the lines of the answer.</summary>
    /// <exception cref="IOException">The server has ended before its answer did.</exception>
    public async IAsyncEnumerable<QueueReply> AskAsync(QueueRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        using var stream = new NetworkStream(_socket);
        await stream.WriteAsync(
            (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(request, QueueJson.Default.QueueRequest), (byte)'\n'], ct);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            var reply = JsonSerializer.Deserialize(line, QueueJson.Default.QueueReply)!;
            if (reply.IsEnd)
            {
                yield break;
            }

            yield return reply;
            if (reply.Error is not null)
            {
                yield break;
            }
        }

        throw new IOException("the server ended before its answer was complete; what it had done until then stays done");
    }

    public void Dispose() => _socket.Dispose();
}
