using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Judging;
using Backstop.Server.Net;

namespace Backstop.Server.Filters;

/// <summary>Asks a spamd elsewhere (HEADERS of its protocol: score and fields, without the body coming back).</summary>
internal sealed class SpamdFilter(EndPoint endPoint) : IMessageFilter
{
    public string Name => "spamd";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        var message = question.Traced();
        await using var stream = await PeerSocket.OpenAsync(endPoint, ct);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HEADERS SPAMC/1.5\r\nContent-length: {message.Length}\r\n\r\n")), ct);
        await stream.WriteAsync(message, ct);
        stream.Socket.Shutdown(SocketShutdown.Send);
        return Read(await PeerSocket.ReadAsync(stream, ct));
    }

    /// <summary>Reads a reply.</summary>
    /// <exception cref="FilterException">It is none, or an error.</exception>
    public static FilterVerdict Read(ReadOnlySpan<byte> reply)
    {
        var end = reply.IndexOf("\r\n\r\n"u8);
        var head = Encoding.Latin1.GetString(end < 0 ? reply[..Math.Min(reply.Length, 200)] : reply[..end]).Split("\r\n");
        var status = head[0].Split(' ', 3);
        if (end < 0 || status.Length < 3 || !status[0].StartsWith("SPAMD/", StringComparison.Ordinal) || status[1] != "0")
        {
            throw new FilterException($"it replied \"{head[0]}\"");
        }

        // A connection that breaks looks like the end of a reply: half a reply must not stand for the whole.
        var body = reply[(end + 4)..];
        var length = Array.Find(head, l => l.StartsWith("Content-length:", StringComparison.OrdinalIgnoreCase))?.Split(':')[1];
        if (length is not null && (!int.TryParse(length, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var announced) || body.Length < announced))
        {
            throw new FilterException($"it sent {body.Length} of{FilterFields.Word(length)} octets");
        }

        if (!Array.Exists(head, l => l.StartsWith("Spam:", StringComparison.OrdinalIgnoreCase)))
        {
            throw new FilterException("it did not say whether it is spam");
        }

        var isSpam = Array.Exists(head, l => l.StartsWith("Spam: True", StringComparison.OrdinalIgnoreCase) || l.StartsWith("Spam: Yes", StringComparison.OrdinalIgnoreCase));
        return new(isSpam ? ServerReasons.SpamScore : null, FilterFields.Of(body));
    }
}
