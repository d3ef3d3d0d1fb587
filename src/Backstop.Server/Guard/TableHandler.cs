using System.IO.Pipelines;
using Backstop.Backscatter.Proofs;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Tables;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Guard;

/// <summary>
/// Serves lookup tables for rewriting addresses. <c>untag</c> removes a tag of ours, so that a bounce reaches its
/// mailbox; <c>sign</c> adds one, for servers without milter. tcp_table, which names no table, is <c>untag</c>.
/// </summary>
internal sealed class TableHandler(GuardServices services, Proving proving, Recipients recipients, GuardConnections connections)
{
    public Task RunAsync(ConnectionContext connection) =>
        connections.RunAsync(
            connection.RemoteEndPoint, "table",
            clock => ConverseAsync(connection.Transport.Input, connection.Transport.Output, clock, services.Peers.Of(connection, "table")));

    private async Task ConverseAsync(PipeReader input, PipeWriter output, GuardClock clock, LocalPeer peer)
    {
        while (true)
        {
            var read = await clock.ReadAsync(input);
            var buffer = read.Buffer;
            while (TableQuery.TryRead(ref buffer) is { } query)
            {
                await output.WriteAsync(Answer(query, peer));
            }

            clock.Took(read.Buffer.Length, buffer.Length);
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private byte[] Answer(TableQuery query, LocalPeer peer) => query.Table switch
    {
        "" or "untag" => Untagged(query.Key) is { } plain ? query.Found(plain) : query.NotFound(),
        "sign" => MailAddress.TryParse(query.Key) is { } sender && services.Outbound.Signed(sender) is var signed
            && signed != sender && peer is { MayVouch: true, MayClaim: true }
            ? query.Found(signed.ToString())
            : query.NotFound(),
        _ => query.Trouble($"no table {query.Table}; there are untag and sign"),
    };

    // Only addresses with a tag of ours: a server accepts every address that has an entry here, so an address without a
    // valid tag must stay unknown.
    private string? Untagged(string key) =>
        MailAddress.TryParse(key) is { } address && recipients.IsLocalDomain(address.Domain) && address.Domain.Length > 0
            && BatvTag.TryParse(address) is { } tag
        && proving.Batv.Check(tag, services.Time.GetUtcNow()) is BatvOutcome.Pass or BatvOutcome.Expired
            ? tag.Original.ToString()
            : null;
}
