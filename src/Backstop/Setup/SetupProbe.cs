using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Setup;

/// <summary>What one port of Backstop said when it was asked.</summary>
/// <param name="Port">Which port, and where: <c>milter 127.0.0.1:7625</c>.</param>
/// <param name="Answers">Whether anybody answered there.</param>
/// <param name="Trouble">What is wrong; null where nothing is.</param>
internal sealed record ProbeResult(string Port, bool Answers, string? Trouble);

/// <summary>
/// Asks a running Backstop on every port that a mail server would ask: milter and tables as the server does, about a signed and a
/// forged address, so that what answers is known to be Backstop, for these domains, with this key. No mail is sent.
/// </summary>
/// <param name="options">Backstop's configuration.</param>
/// <param name="keys">The keys of tags; none where nothing is signed.</param>
internal sealed class SetupProbe(BackstopOptions options, IReadOnlyList<BatvKey> keys)
{
    private const string Unsigned = "it answers, but judges as if it had another key or none; restart Backstop";
    private const int MostOfAnAnswer = 4096;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(5);

    private MailAddress Ours => new("backstop-setup", options.Domains[0]);

    private string Signed =>
        new Batv(keys, options.Batv.LifetimeDays).Sign(Ours, TimeProvider.System.GetUtcNow()).ToString();

    // The tag of a key number that has no key is signed by nobody.
    private string Forged => $"prvs={Enumerable.Range(0, 10).First(n => keys.All(k => k.Number != n))}000000000={Ours}";

    /// <summary>Asks all of them that another mail server asks.</summary>
    /// <param name="ct">Stops the work.</param>
    /// <param name="withMail">Whether the ports for mail itself are greeted too.</param>
    public async Task<IReadOnlyList<ProbeResult>> AskAsync(CancellationToken ct, bool withMail = false)
    {
        var results = new List<ProbeResult>();
        var listen = options.Listen;
        if (withMail && listen.ProxyFrom.Count == 0)
        {
            await AllAsync("smtp", listen.Smtp, "", GreetedAsync);
            await AllAsync("lmtp", listen.Lmtp, "", GreetedAsync);
        }

        await AllAsync("milter", listen.Milter, listen.MilterSocket, MilterAsync);
        await AllAsync("table", listen.Table, listen.TableSocket, TableAsync);
        await AllAsync("policy", listen.Policy, listen.PolicySocket, ConnectedAsync);
        await AllAsync("spamd", listen.Spamd, listen.SpamdSocket, ConnectedAsync);
        await AllAsync("lmtp_proxy", listen.LmtpProxy, listen.LmtpProxySocket, GreetedAsync);
        await AllAsync("smtp_proxy", listen.SmtpProxy, "", GreetedAsync);
        return results;

        async Task AllAsync(
            string name, IReadOnlyList<IPEndPoint> places, string socket, Func<NetworkStream, CancellationToken, Task<string?>> askAsync)
        {
            var all = places.Select(EndPoint (p) => Reachable(p));
            foreach (var place in socket.Length > 0 ? all.Append(new UnixDomainSocketEndPoint(socket)) : all)
            {
                results.Add(await OneAsync($"{name} {place}", place, askAsync, ct));
            }
        }
    }

    private static async Task<ProbeResult> OneAsync(
        string port, EndPoint place, Func<NetworkStream, CancellationToken, Task<string?>> askAsync, CancellationToken ct)
    {
        var answers = false;
        try
        {
            using var late = new CancellationTokenSource(_limit, TimeProvider.System);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
            using var socket = new Socket(
                place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
            await socket.ConnectAsync(place, limit.Token);
            answers = true;
            await using var stream = new NetworkStream(socket);
            return new(port, answers, await askAsync(stream, limit.Token));
        }
        catch (SocketException error)
        {
            return new(port, Answers: false, error.Message);
        }
        catch (Exception error) when (error is IOException or FormatException)
        {
            return new(port, answers, $"what answers there is not Backstop: {error.Message}");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(port, Answers: false, $"no answer within {_limit.TotalSeconds:F0} s");
        }
    }

    // Version 6, every change, no step left out: so every event is answered. A client of unknown address belongs to no network.
    private async Task<string?> MilterAsync(NetworkStream stream, CancellationToken ct)
    {
        if (await AskAsync('O', [0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0, 0, 0]) is not ['O', ..])
        {
            throw new FormatException("no milter");
        }

        await AskAsync('C', "backstop-setup\0U"u8.ToArray());
        await AskAsync('H', "backstop-setup\0"u8.ToArray());
        if (keys.Count == 0)
        {
            return null;
        }

        var forged = await RecipientAsync(Forged);
        var signed = await RecipientAsync(Signed);
        return forged.StartsWith("y5", StringComparison.Ordinal) && signed == "c" ? null : Unsigned;

        async Task<string> RecipientAsync(string address)
        {
            await AskAsync('M', "<>\0"u8.ToArray());
            var answer = await AskAsync('R', Encoding.UTF8.GetBytes($"<{address}>\0"));
            await WriteAsync('A', []);
            return answer;
        }

        async Task<string> AskAsync(char code, byte[] data)
        {
            await WriteAsync(code, data);
            var head = new byte[4];
            await stream.ReadExactlyAsync(head, ct);
            var body = new byte[Math.Min(BinaryPrimitives.ReadUInt32BigEndian(head), MostOfAnAnswer)];
            await stream.ReadExactlyAsync(body, ct);
            return Encoding.Latin1.GetString(body);
        }

        ValueTask WriteAsync(char code, byte[] data)
        {
            var packet = new byte[5 + data.Length];
            BinaryPrimitives.WriteInt32BigEndian(packet, 1 + data.Length);
            packet[4] = (byte)code;
            data.CopyTo(packet, 5);
            return stream.WriteAsync(packet, ct);
        }
    }

    private async Task<string?> TableAsync(NetworkStream stream, CancellationToken ct)
    {
        var query = Encoding.UTF8.GetBytes($"untag {(keys.Count > 0 ? Signed : Ours)}");
        await stream.WriteAsync(
            (byte[])[.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{query.Length}:")), .. query, (byte)','], ct);
        var answer = await ReadUntilAsync(stream, ',', ct);
        var text = answer[(answer.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return text.StartsWith($"OK {Ours},", StringComparison.OrdinalIgnoreCase) ? null
            : text.StartsWith("NOTFOUND ", StringComparison.Ordinal) ? keys.Count > 0 ? Unsigned : null
            : throw new FormatException("no socketmap");
    }

    private static async Task<string?> GreetedAsync(NetworkStream stream, CancellationToken ct) =>
        (await ReadUntilAsync(stream, '\n', ct)).StartsWith("220", StringComparison.Ordinal)
            ? null
            : throw new FormatException("no greeting");

    private static Task<string?> ConnectedAsync(NetworkStream stream, CancellationToken ct) => Task.FromResult<string?>(null);

    private static async Task<string> ReadUntilAsync(NetworkStream stream, char last, CancellationToken ct)
    {
        var octets = new byte[MostOfAnAnswer];
        var length = 0;
        while (length < octets.Length && (length == 0 || octets[length - 1] != last))
        {
            var read = await stream.ReadAsync(octets.AsMemory(length), ct);
            length += read > 0 ? read : throw new EndOfStreamException("it hung up");
        }

        return Encoding.Latin1.GetString(octets, 0, length);
    }

    private static IPEndPoint Reachable(IPEndPoint place) =>
        place.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, place.Port)
        : place.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.IPv6Loopback, place.Port)
        : place;
}
