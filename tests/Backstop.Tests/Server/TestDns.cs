using System.Buffers.Binary;
using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>
/// A DNS server on loopback that knows a few names: A records, NXDOMAIN for the rest. It lies where <see cref="Twist"/> does.
/// </summary>
internal sealed class TestDns : IAsyncDisposable, IEnumerable
{
    private readonly Dictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly TcpListener _tcp;
    private readonly UdpClient _socket;
    private readonly Task _loop;
    private Task _tcpLoop = Task.CompletedTask;

    public TestDns()
    {
        (_tcp, _socket) = SamePort();
        _loop = AnswerAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    /// <summary>Makes what is sent of the name that was asked for and the true reply.</summary>
    public Func<string, byte[], byte[]> Twist { get; set; } = (_, reply) => reply;

    public bool AnsweredOverTcp { get; private set; }

    /// <summary>Answers on the same port of TCP too, for clients that were told to come back there.</summary>
    public void AnswerOverTcp(Func<string, byte[], byte[]> twist) => _tcpLoop = AnswerOverTcpAsync(_tcp, twist);

    public string this[string name]
    {
        set => _names[name] = value;
    }

    public IEnumerator GetEnumerator() => _names.GetEnumerator();

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _tcp.Dispose();
        await Task.WhenAll(_loop, _tcpLoop);
    }

    // A port that is free for one protocol may be taken for the other.
    private static (TcpListener Tcp, UdpClient Udp) SamePort()
    {
        for (var tries = 1; ; tries++)
        {
            var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
            var tcp = new TcpListener((IPEndPoint)udp.Client.LocalEndPoint!);
            try
            {
                tcp.Start();
                return (tcp, udp);
            }
            catch (SocketException) when (tries < 50)
            {
                tcp.Dispose();
                udp.Dispose();
            }
        }
    }

    // RFC 1035 §4.2.2: two octets with the length before each message.
    private async Task AnswerOverTcpAsync(TcpListener listener, Func<string, byte[], byte[]> twist)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
                var length = new byte[2];
                await client.GetStream().ReadExactlyAsync(length, TestContext.Current.CancellationToken);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await client.GetStream().ReadExactlyAsync(question, TestContext.Current.CancellationToken);
                var reply = Answer(question, twist);
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);

                // Before the reply: whoever has it may look at once.
                AnsweredOverTcp = true;
                await client.GetStream().WriteAsync((byte[])[.. length, .. reply], TestContext.Current.CancellationToken);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or SocketException or OperationCanceledException or IOException)
        {
            // Disposed: the end of the test.
        }
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var question = await _socket.ReceiveAsync(TestContext.Current.CancellationToken);
                await _socket.SendAsync(Answer(question.Buffer, Twist), question.RemoteEndPoint, TestContext.Current.CancellationToken);
            }
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException or OperationCanceledException)
        {
            // Disposed: the end of the test.
        }
    }

    // RFC 1035 §4: the question back, and one A record that points to its name.
    private byte[] Answer(byte[] question, Func<string, byte[], byte[]> twist)
    {
        var name = new StringBuilder();
        var at = 12;
        for (; question[at] != 0; at += question[at] + 1)
        {
            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.ASCII.GetString(question, at + 1, question[at]));
        }

        var answer = question[..(at + 5)].ToList();
        var known = _names.TryGetValue(name.ToString(), out var address);
        var bytes = answer.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)(0x8180 | (known ? 0 : 3)));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)(known ? 1 : 0));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), 0);
        return twist(
            name.ToString(),
            known ? [.. bytes, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address!).GetAddressBytes()] : bytes);
    }
}
