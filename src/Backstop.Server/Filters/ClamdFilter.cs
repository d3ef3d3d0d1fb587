using System.Buffers.Binary;
using System.Net;
using System.Text;
using Backstop.Judging;
using Backstop.Judging.Filters;
using Backstop.Server.Net;

namespace Backstop.Server.Filters;

/// <summary>
/// Asks clamd (<c>zINSTREAM</c> of its protocol, clamd(8)). A message with a virus is filed, not refused, since
/// signatures may be wrong.
/// </summary>
internal sealed class ClamdFilter(EndPoint endPoint) : IMessageFilter
{
    private const int ChunkSize = 64 << 10;

    public string Name => "clamd";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        await using var stream = await PeerSocket.OpenAsync(endPoint, ct);
        await stream.WriteAsync("zINSTREAM\0"u8.ToArray(), ct);
        var length = new byte[4];
        for (var at = 0; at < question.Content.Length; at += ChunkSize)
        {
            var chunk = question.Content.Slice(at, Math.Min(ChunkSize, question.Content.Length - at));
            BinaryPrimitives.WriteInt32BigEndian(length, chunk.Length);
            await stream.WriteAsync(length, ct);
            await stream.WriteAsync(chunk, ct);
        }

        await stream.WriteAsync(new byte[4], ct);
        return Read(Encoding.UTF8.GetString(await PeerSocket.ReadAsync(stream, ct, end: 0)).TrimEnd('\0', '\n'));
    }

    /// <summary>Parses a reply.</summary>
    /// <exception cref="FilterException">The reply is an error, or is malformed.</exception>
    public static FilterVerdict Read(string reply)
    {
        const string Stream = "stream: ";
        if (reply == Stream + "OK")
        {
            return default;
        }

        return reply.StartsWith(Stream, StringComparison.Ordinal) && reply.EndsWith(" FOUND", StringComparison.Ordinal)
            ? new(ServerReasons.VirusFound, $"X-Virus-Status: Infected ({FilterFields.Word(reply[Stream.Length..^6])})\n")
            : throw new FilterException($"clamd replied \"{FilterFields.Word(reply)}\"");
    }
}
