using System.Net;
using System.Net.Sockets;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Protocols.Spamd;
using Backstop.Server.Net;

namespace Backstop.Server.Filters;

/// <summary>
/// Asks a spamd on another host or port (HEADERS of its protocol, which returns score and fields without the body).
/// </summary>
internal sealed class SpamdFilter(EndPoint endPoint) : IMessageFilter
{
    public string Name => "spamd";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        var message = question.Traced();
        await using var stream = await PeerSocket.OpenAsync(endPoint, ct);
        await stream.WriteAsync(SpamdReplyReader.FormatHeaders(message.Length), ct);
        await stream.WriteAsync(message, ct);
        stream.Socket.Shutdown(SocketShutdown.Send);
        return Read(await PeerSocket.ReadAsync(stream, ct));
    }

    /// <summary>Parses a reply.</summary>
    /// <exception cref="FilterException">The reply is an error, or is malformed.</exception>
    public static FilterVerdict Read(ReadOnlySpan<byte> reply) =>
        SpamdReplyReader.Read(reply, out var error) is { } said
            ? new(said.IsSpam ? ServerReasons.SpamScore : null, FilterFields.Of(reply[said.BodyAt..]))
            : throw new FilterException($"spamd {error}");
}
