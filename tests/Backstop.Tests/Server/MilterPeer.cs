using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Backstop.Protocols.Milter;

namespace Backstop.Tests.Server;

/// <summary>The mail server's side of the milter protocol: packets, and no opinion about them.</summary>
internal sealed class MilterPeer : IDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<MilterPeer> ConnectAsync(IPEndPoint server)
    {
        var peer = new MilterPeer();
        await peer._client.ConnectAsync(server, Ct);
        return peer;
    }

    /// <summary>Offers all that Postfix offers; what the filter took.</summary>
    public async Task<MilterTerms> NegotiateAsync()
    {
        await SayAsync('O', (byte[])[0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff]);
        return MilterTerms.Read((await HearAsync()).Data);
    }

    public async Task SayAsync(char code, ReadOnlyMemory<byte> data)
    {
        var packet = new byte[5 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, 1 + data.Length);
        packet[4] = (byte)code;
        data.CopyTo(packet.AsMemory(5));
        await _client.GetStream().WriteAsync(packet, Ct);
    }

    /// <summary>The next packet.</summary>
    /// <exception cref="IOException">None comes: the connection has ended.</exception>
    public async Task<(char Code, byte[] Data)> HearAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var head = new byte[5];
        await _client.GetStream().ReadExactlyAsync(head, limit.Token);
        var data = new byte[BinaryPrimitives.ReadInt32BigEndian(head) - 1];
        await _client.GetStream().ReadExactlyAsync(data, limit.Token);
        return ((char)head[4], data);
    }

    public void Dispose() => _client.Dispose();
}
