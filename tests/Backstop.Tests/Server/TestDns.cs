using System.Buffers.Binary;
using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Tests.Server;

/// <summary>A DNS server on loopback that knows a few names: A records, NXDOMAIN for the rest.</summary>
internal sealed class TestDns : IAsyncDisposable, IEnumerable
{
    private readonly Dictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly Task _loop;

    public TestDns() => _loop = AnswerAsync();

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    public string this[string name]
    {
        set => _names[name] = value;
    }

    public IEnumerator GetEnumerator() => _names.GetEnumerator();

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _loop;
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var question = await _socket.ReceiveAsync(TestContext.Current.CancellationToken);
                await _socket.SendAsync(Answer(question.Buffer), question.RemoteEndPoint, TestContext.Current.CancellationToken);
            }
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException or OperationCanceledException)
        {
            // Disposed: the end of the test.
        }
    }

    // RFC 1035 §4: the question back, and one A record that points to its name.
    private byte[] Answer(byte[] question)
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
        return known ? [.. bytes, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address!).GetAddressBytes()] : bytes;
    }
}
