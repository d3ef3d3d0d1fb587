using System.Diagnostics;
using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>
/// Hands mail to the next server while the client waits: its reply is our reply. There is no queue: what it refuses
/// stays with the client.
/// </summary>
internal sealed partial class NextHopEnds(
    BackstopOptions options, Recipients recipients, Refusals refusals, OutboundMail outbound, NextHop next,
    string largeDirectory, ILogger<NextHopEnds> log) : IDisposable
{
    // A mail server that has queued the message would answer our refusal with a bounce to its alleged sender.
    private readonly bool _mustTake = options.Relay.AfterQueue && !next.IsLmtp;
    private readonly SmtpReply _unreachable = new(451, "4.4.1", "The next server cannot be reached; try again later");

    private BackstopOptions Options => options;

    private Refusals Refusals => refusals;

    private string LargeDirectory => largeDirectory;

    /// <summary>Returns the end of one transaction.</summary>
    public IEnd<IncomingMessage> For(Transaction transaction) => new NextHopEnd(this, transaction);

    public void Dispose() => next.Dispose();

    private async ValueTask<(SmtpReply Reply, RelayTransaction? Begun)> BeginAsync(Transaction transaction)
    {
        NextHopConnection? connection = null;
        try
        {
            connection = await next.TakeAsync();
            await TellClientAsync(connection, transaction.Client);
            var isOutbound = transaction.Client.MayClaim
                && outbound.IsOurs(transaction.Client.Address, transaction.Client.Login, daemon: "");
            var sender = transaction.ReversePath.Address is { } address && isOutbound && options.Outbound.SignSender
                ? outbound.Signed(address)
                : transaction.ReversePath.Address;
            var parameters = RelayTransaction.Known(connection, transaction.Parameters, "RET", "ENVID");
            var command = $"MAIL FROM:{new ReversePath(sender)}{parameters}";
            var reply = await connection.AskAsync(command, next.Limits.CommandTimeout);
            if (reply.IsPositive)
            {
                return (reply, new(next, connection, isOutbound));
            }

            next.Return(connection);
            return (reply, null);
        }
        catch (IOException error)
        {
            connection?.Dispose();
            LogUnreachable(error.Message);
            return (refusals.Refused("mail", ServerReasons.RelayUnreachable, transaction, null, _unreachable), null);
        }
    }

    private Addressee Find(Transaction transaction, RelayTransaction? relayed, MailAddress address) =>
        relayed is null ? Addressee.Answered(_unreachable)
        : relayed.IsOutbound ? Addressee.Elsewhere
        : recipients.FindGuarded(address) is { } known ? Addressee.Ours(known)
        : IsFromServer(transaction.Client) ? Addressee.Elsewhere

        // The next server trusts us, so clients other than our servers may reach only our own domains through us.
        : Addressee.Answered(
        refusals.Permanent("5.7.1", "Not a domain of this host", ServerReasons.RelayDenied), ServerReasons.RelayDenied);

    // A mail server beside us named its client, or is the client itself: it has decided whom that client may write to.
    private bool IsFromServer(ClientIdentity client) => client.Told is not null || options.Guard.IsServer(client.Address);

    // A tag of ours is removed here: the next server knows the address without it.
    private static MailAddress PlainOf(AcceptedRecipient recipient) =>
        recipient is { IsOurs: true, Known.Tag: { } tag, Batv: BatvOutcome.Pass } ? tag.Original : recipient.ForwardPath;

    private async Task TellClientAsync(NextHopConnection connection, ClientIdentity client)
    {
        if (connection.Extensions.Contains("XFORWARD"))
        {
            var told = client.Told ?? new(new Dictionary<string, string?> { ["ADDR"] = client.Address.ToString(), ["HELO"] = client.Helo });
            await connection.AskAsync($"XFORWARD {told}", next.Limits.CommandTimeout);
        }
    }

    private async Task<string> FieldsAsync(Transaction transaction, RelayTransaction relayed, IncomingMessage message, Decided? decided)
    {
        if (decided is { } d)
        {
            return $"X-Backstop: {d.Mark}\n{d.Judgement.FilterFields}";
        }

        if (!relayed.IsOutbound)
        {
            return "";
        }

        var header = SentHeader.Read(message.Front.Span);
        var changes = await outbound.PrepareAsync(
            transaction.ReversePath, [.. transaction.Recipients.Select(r => r.ForwardPath)], header.MessageId);
        return string.Concat(changes.Fields.Select(f => $"{f.Key}: {f.Value}\n"));
    }

    private void LogHandedOn(Transaction transaction, Decided decided, long length, SmtpReply reply)
    {
        var id = LoggedMail.MessageId(decided.Judgement);
        LogHandedOn(
            transaction.Client.Address, transaction.ReversePath, LoggedMail.To(transaction.Recipients), transaction.Recipients.Count, id,
            decided.Verdict.Folder, decided.Verdict.Reason.Word, length, reply.ToString(),
            Stopwatch.GetElapsedTime(decided.Started).TotalMilliseconds);
        foreach (var further in LoggedMail.Further(transaction.Recipients))
        {
            LogFurther(id, further);
        }
    }

    [LoggerMessage(
        7301, LogLevel.Information,
        "handed on client={Client} from={ReversePath} to={Recipients} recipients={Count} message-id={MessageId} folder={Folder} "
            + "reason={Reason} bytes={Bytes} reply=\"{Reply}\" ms={Milliseconds:F1}")]
    private partial void LogHandedOn(
        IPAddress client, ReversePath reversePath, string recipients, int count, string messageId, string folder, string reason,
        long bytes, string reply, double milliseconds);

    [LoggerMessage(7303, LogLevel.Information, "handed on message-id={MessageId} also to={Recipients}")]
    private partial void LogFurther(string messageId, string recipients);

    [LoggerMessage(7302, LogLevel.Error, "The next server failed: {Error}")]
    private partial void LogUnreachable(string error);

    private sealed class NextHopEnd(NextHopEnds all, Transaction transaction) : IEnd<IncomingMessage>
    {
        private RelayTransaction? _relayed;

        public int MaxRecipients => all.Options.Smtp.MaxRecipients;

        public bool AsksContent => _relayed is { IsOutbound: false };

        public int Waiting => 0;

        public bool IsDurable => false;

        public bool MustTake => all._mustTake;

        public FailurePolicy? OnFailure => all.Options.Guard.OnFailure;

        public async ValueTask<SmtpReply> BeginAsync()
        {
            (var reply, _relayed) = await all.BeginAsync(transaction);
            return reply;
        }

        public ValueTask<Addressee> FindAsync(MailAddress address, CancellationToken ct) => new(all.Find(transaction, _relayed, address));

        public ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters) =>
            AskAsync(r => r.RecipientAsync(PlainOf(recipient), parameters));

        public async ValueTask<Taken> TakeAsync(IncomingMessage message, Decided? decided)
        {
            IReadOnlyList<SmtpReply> replies = [];
            var file = message.LargeFile is { } name ? Path.Combine(all.LargeDirectory, name) : null;
            var fields = _relayed is { } relayed ? await all.FieldsAsync(transaction, relayed, message, decided) : "";
            var outcome = await AskAsync(async r =>
            {
                replies = await r.SendAsync(fields, message, file, transaction.Recipients.Count);
                return SmtpReplies.Ok;
            });
            replies = outcome.IsPositive ? replies : transaction.ToAll(outcome);
            if (decided is { } d)
            {
                all.LogHandedOn(transaction, d, message.Length, replies[0]);
            }

            return new(replies, "");
        }

        public void Drop()
        {
            _relayed?.End(isBroken: false);
            _relayed = null;
        }

        // Where the next server fails, its connection is closed, and the client keeps its mail.
        private async ValueTask<SmtpReply> AskAsync(Func<RelayTransaction, Task<SmtpReply>> ask)
        {
            if (_relayed is not { } relayed)
            {
                return all._unreachable;
            }

            try
            {
                return await ask(relayed);
            }
            catch (IOException error)
            {
                relayed.End(isBroken: true);
                _relayed = null;
                all.LogUnreachable(error.Message);
                return all.Refusals.Refused("relay", ServerReasons.RelayUnreachable, transaction, null, all._unreachable);
            }
        }
    }
}
