using System.IO.Pipelines;
using System.Net;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Policy;
using Backstop.Server.Net;
using Backstop.Server.Receiving;
using Backstop.Server.Way;
using Microsoft.AspNetCore.Connections;

namespace Backstop.Server.Guard;

/// <summary>
/// Serves Postfix's policy delegation: decides what can be decided about a recipient before the message (tags, null
/// sender, DNS lists), and records whom we write to.
/// </summary>
internal sealed class PolicyHandler(GuardServices services, GuardConnections connections)
{
    public Task RunAsync(ConnectionContext connection) =>
        connections.RunAsync(
            connection.RemoteEndPoint, "policy",
            clock => ConverseAsync(
                connection.Transport.Input, connection.Transport.Output, clock, services.Peers.Of(connection, "policy")));

    private async Task ConverseAsync(PipeReader input, PipeWriter output, GuardClock clock, LocalPeer peer)
    {
        // Each smtpd process has its own connection, and asks about the recipients of a message one after the other.
        using var message = new PolicyMessage(services, peer);
        while (true)
        {
            var read = await clock.ReadAsync(input);
            var buffer = read.Buffer;
            while (PolicyRequest.TryRead(ref buffer) is { } request)
            {
                await output.WriteAsync(PolicyRequest.Answer(await message.AnswerAsync(request)));
            }

            clock.Took(read.Buffer.Length, buffer.Length);
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}

/// <summary>The message that a server asks about, one recipient at a time.</summary>
internal sealed class PolicyMessage(GuardServices services, LocalPeer peer) : IDisposable
{
    private const string NoOpinion = "DUNNO";

    private string _instance = "";
    private Passage<GuardedMessage>? _passage;
    private int _told;

    /// <summary>Returns the action for a request.</summary>
    public async ValueTask<string> AnswerAsync(PolicyRequest request)
    {
        if (request["protocol_state"] != "RCPT" || MailAddress.TryParse(request["recipient"]) is not { } recipient)
        {
            return NoOpinion;
        }

        var passage = Begin(request);
        var transaction = passage.Transaction;
        var isFirst = _told++ == 0;
        if (!peer.MayClaim || !services.Outbound.IsOurs(transaction.Client.Address, request["sasl_username"], daemon: ""))
        {
            return await services.Pipeline.RecipientAsync(
                passage, recipient, parameters: null, CancellationToken.None) is { IsPositive: false } refusal
                ? refusal.ToString()
                : NoOpinion;
        }

        if (transaction.ReversePath.Address is { } sender && peer.MayVouch)
        {
            await services.Outbound.NoteAsync(sender, recipient, isFirst);
        }

        return NoOpinion;
    }

    public void Dispose() => _passage?.Dispose();

    private Passage<GuardedMessage> Begin(PolicyRequest request)
    {
        if (_passage is not null && request["instance"] == _instance && _instance.Length > 0)
        {
            return _passage;
        }

        _instance = request["instance"];
        _told = 0;
        _ = IPAddress.TryParse(request["client_address"], out var client);
        var identity = new ClientIdentity
        {
            Address = client ?? IPAddress.None,
            Helo = request["helo_name"],
            IsExtended = request["protocol_name"] == "ESMTP",
            Login = request["sasl_username"],
        };
        var sender = request["sender"];
        _passage?.Dispose();
        var transaction = new Transaction(
            identity, new ReversePath(sender.Length == 0 ? null : MailAddress.TryParse(sender) ?? new(sender, "")), smtpUtf8: false);
        return _passage = new(transaction, services.Ends.For(transaction));
    }
}
