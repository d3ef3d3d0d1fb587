using System.IO.Pipelines;
using Backstop.Backscatter.Proofs;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Tables;
using Backstop.Server.Net;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Guard;

/// <summary>
/// Tables that a server rewrites addresses by. <c>untag</c> takes a tag of ours off, so that a bounce finds its mailbox;
/// <c>sign</c> puts one on, for servers that have no milter. tcp_table, which names no table, is <c>untag</c>.
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
            && signed != sender && peer.MayVouch
            ? query.Found(signed.ToString())
            : query.NotFound(),
        _ => query.Trouble($"no table {query.Table}; there are untag and sign"),
    };

    // Only what we signed once: a server takes every address that has an entry here for one that exists, and what nobody signed
    // must stay unknown.
    private string? Untagged(string key) =>
        MailAddress.TryParse(key) is { } address && recipients.IsLocalDomain(address.Domain) && address.Domain.Length > 0
            && BatvTag.TryParse(address) is { } tag
        && proving.Batv.Check(tag, services.Time.GetUtcNow()) is BatvOutcome.Pass or BatvOutcome.Expired
            ? tag.Original.ToString()
            : null;
}
