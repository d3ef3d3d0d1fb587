using System.Buffers;
using System.Net;
using Backstop.Judging.Tables;
using Backstop.Protocols.Tables;
using Backstop.Server.Net;

namespace Backstop.Server.Tables;

/// <summary>Asks a server that speaks the socketmap protocol: how LDAP and SQL servers are reached. A connection a lookup.</summary>
/// <param name="endPoint">The server's address.</param>
/// <param name="table">The name of its table.</param>
internal sealed class SocketmapTable(EndPoint endPoint, string table) : IAddressSource
{
    // Room for the longest reply with its length.
    private const int MaxReply = TableReply.MaxLength + 16;

    public async Task<string?> FindAsync(string key, CancellationToken ct)
    {
        await using var stream = await PeerSocket.OpenAsync(endPoint, ct);
        await stream.WriteAsync(TableReply.Question(table, key), ct);
        var buffer = new byte[1024];
        for (var length = 0; ;)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(2 * buffer.Length, MaxReply));
            }

            var read = await stream.ReadAsync(buffer.AsMemory(length), ct);
            length += read;
            var received = new ReadOnlySequence<byte>(buffer, 0, length);
            if (TableReply.TryRead(ref received) is { } reply)
            {
                return Said(reply);
            }

            if (read == 0)
            {
                throw new IOException("the connection was closed before the end of the reply");
            }
        }
    }

    private static string? Said(TableReply reply) => reply.Status switch
    {
        TableStatus.Found => reply.Text,
        TableStatus.NotFound => null,
        _ => throw new IOException($"it replied \"{Short(reply.Text)}\""),
    };

    private static string Short(string text) => text.Length > 200 ? text[..200] + "..." : text;
}
