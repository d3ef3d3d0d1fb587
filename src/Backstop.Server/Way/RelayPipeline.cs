using System.Diagnostics;
using System.Net;
using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;
using Backstop.Server.Outbound;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>
/// The way of a message through us to the server behind us, while its sender waits. The same questions as in <see cref="MailPipeline"/>; then the next
/// server's answer is our answer. There is no queue: what it does not take, the sender keeps.
/// </summary>
internal sealed partial class RelayPipeline(
    BackstopOptions options, Recipients recipients, RecipientRules recipientRules, ContentRules contentRules, Refusals refusals, OutboundMail outbound, NextHop next,
    string largeDirectory, ILogger<RelayPipeline> log) : IMailPipeline, IDisposable
{
    private const string TryLater = "The next server cannot be reached; try again later";

    // A server that has accepted the mail already would answer our refusal with a message to whoever it says it is from.
    private readonly bool _neverRefuses = options.Relay.AfterQueue && !next.IsLmtp;
    private readonly SmtpReply _unreachable = new(451, "4.4.1", TryLater);

    /// <summary>MAIL: the next server takes it, or nobody does.</summary>
    public async ValueTask<SmtpReply> MailAsync(Transaction transaction, long announcedSize)
    {
        if (announcedSize > options.Smtp.MaxMessage.Bytes)
        {
            return refusals.Refused("mail", ServerReasons.SizeAnnounced, transaction, null, SmtpReplies.TooBig);
        }

        NextHopConnection? connection = null;
        try
        {
            connection = await next.TakeAsync();
            await TellClientAsync(connection, transaction.Client);
            var isOutbound = outbound.IsOurs(transaction.Client.Address, transaction.Client.Login, daemon: "");
            var sender = transaction.ReversePath.Address is { } address && isOutbound && options.Outbound.SignSender ? outbound.Signed(address) : transaction.ReversePath.Address;
            var command = $"MAIL FROM:{new ReversePath(sender)}{RelayTransaction.Known(connection, transaction.Parameters, "RET", "ENVID")}";
            var reply = await connection.AskAsync(command, next.Limits.CommandTimeout);
            if (reply.IsPositive)
            {
                transaction.State = new RelayTransaction(next, connection, isOutbound);
            }
            else
            {
                next.Return(connection);
            }

            return reply;
        }
        catch (IOException error)
        {
            connection?.Dispose();
            LogUnreachable(error.Message);
            return refusals.Refused("mail", ServerReasons.RelayUnreachable, transaction, null, _unreachable);
        }
    }

    /// <summary>RCPT: first our rules, then the next server's.</summary>
    public async ValueTask<SmtpReply> RecipientAsync(Transaction transaction, MailAddress address, string? parameters, CancellationToken ct)
    {
        if (transaction.Recipients.Count >= options.Smtp.MaxRecipients)
        {
            return refusals.Refused("rcpt", ServerReasons.RecipientsLimit, transaction, address, SmtpReplies.TooManyRecipients);
        }

        if (transaction.State is not RelayTransaction relayed)
        {
            return _unreachable;
        }

        var count = transaction.Recipients.Count;
        if (!relayed.IsOutbound && recipients.FindGuarded(address) is { } known)
        {
            if (await recipientRules.JudgeAsync(transaction, address, known, ct) is { } refusal)
            {
                if (!_neverRefuses)
                {
                    return refusals.Refused(refusal, transaction, address);
                }

                relayed.Doubt ??= refusal.Reason;
                Take(transaction, address);
            }
        }
        else if (relayed.IsOutbound || IsFromServer(transaction.Client))
        {
            Take(transaction, address);
        }
        else
        {
            // The next server trusts us: whoever is not one of our servers reaches our own domains through us, and nobody else.
            return refusals.Refused("rcpt", ServerReasons.RelayDenied, transaction, address, refusals.Permanent("5.7.1", "Not a domain of this host", ServerReasons.RelayDenied));
        }

        var reply = await AskAsync(transaction, r => r.RecipientAsync(PlainOf(transaction.Recipients[count], address), parameters));
        if (!reply.IsPositive)
        {
            transaction.Recipients.RemoveAt(count);
        }

        return reply;
    }

    /// <summary>End of data: judged, marked, and handed on.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> ReceiveAsync(Transaction transaction, IncomingMessage message)
    {
        var started = Stopwatch.GetTimestamp();
        if (transaction.State is not RelayTransaction relayed)
        {
            return transaction.ToAll(_unreachable);
        }

        var hops = message.Refusal is null ? contentRules.CountHops(message.Front.Span, field => message.Overwrite(field.NameStart, (byte)'Y')) : 0;
        message.Flush();
        if (message.Refusal is { } bad)
        {
            return transaction.ToAll(refusals.Refused("data", ServerReasons.Content(bad.Code), transaction, null, bad));
        }

        if (hops > options.Smtp.MaxHops && !_neverRefuses)
        {
            return transaction.ToAll(refusals.Loop(transaction));
        }

        if (relayed.IsOutbound)
        {
            return await SendAsync(transaction, message, await OutboundFieldsAsync(transaction, message));
        }

        var judgement = await JudgeAsync(transaction, message);
        if (judgement is null)
        {
            return options.Guard.OnFailure == FailurePolicy.TempFail ? transaction.ToAll(SmtpReplies.OurTrouble) : await SendAsync(transaction, message, "");
        }

        if (judgement.Wanted.Count == 0 && !_neverRefuses)
        {
            return transaction.ToAll(refusals.Unwanted(judgement.Verdicts[0].Reason, transaction));
        }

        var verdict = relayed.Doubt is { } doubt ? Verdict.File(doubt) : judgement.Joint();
        var replies = await SendAsync(transaction, message, $"X-Backstop: {TraceHeader.Reason(judgement.Report, verdict)}\n{judgement.FilterFields}");
        if (replies.Any(r => r.IsPositive))
        {
            contentRules.NoteTaken(transaction, judgement, verdict, "", started);
        }

        LogHandedOn(transaction.Client.Address, transaction.ReversePath, transaction.Recipients[0].ForwardPath, transaction.Recipients.Count, verdict.Folder,
            verdict.Reason.Word, message.Length, replies[0].ToString(), Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        return replies;
    }

    /// <inheritdoc />
    public void End(Transaction transaction)
    {
        (transaction.State as RelayTransaction)?.End(isBroken: false);
        transaction.State = null;
    }

    /// <inheritdoc />
    public SmtpReply Refuse(string stage, Reason reason, ClientIdentity client, SmtpReply reply) => refusals.Refused(stage, reason, client, reply);

    public void Dispose() => next.Dispose();

    // It told us who its client is, or it is the client: then it has decided whom that may write to.
    private bool IsFromServer(ClientIdentity client) => client.Told is not null || options.Guard.IsServer(client.Address);

    // A tag of ours has done its work: the server behind us knows the address without it.
    private static MailAddress PlainOf(AcceptedRecipient recipient, MailAddress address) =>
        recipient is { IsOurs: true, Known.Tag: { } tag, Batv: Backstop.Backscatter.Proofs.BatvOutcome.Pass } ? tag.Original : address;

    private async Task TellClientAsync(NextHopConnection connection, ClientIdentity client)
    {
        if (connection.Extensions.Contains("XFORWARD"))
        {
            var told = client.Told ?? new(new Dictionary<string, string?> { ["ADDR"] = client.Address.ToString(), ["HELO"] = client.Helo });
            await connection.AskAsync($"XFORWARD {told}", next.Limits.CommandTimeout);
        }
    }

    private async Task<Judgement?> JudgeAsync(Transaction transaction, IncomingMessage message)
    {
        try
        {
            return await contentRules.JudgeAsync(transaction, message.Front, message.Length, waiting: 0);
        }
        catch (Exception error)
        {
            // The outermost place of a message: a bug must not decide about mail.
            LogFailed(error, transaction.ReversePath);
            return null;
        }
    }

    private async Task<string> OutboundFieldsAsync(Transaction transaction, IncomingMessage message)
    {
        var header = SentHeader.Read(message.Front.Span);
        var changes = await outbound.PrepareAsync(transaction.ReversePath, [.. transaction.Recipients.Select(r => r.ForwardPath)], header.MessageId);
        return string.Concat(changes.Fields.Select(f => $"{f.Key}: {f.Value}\n"));
    }

    private static void Take(Transaction transaction, MailAddress address) =>
        transaction.Recipients.Add(new(address, Recipients.Elsewhere(address), default, default, IsOurs: false));

    private async Task<IReadOnlyList<SmtpReply>> SendAsync(Transaction transaction, IncomingMessage message, string fields)
    {
        var file = message.LargeFile is { } name ? Path.Combine(largeDirectory, name) : null;
        IReadOnlyList<SmtpReply> replies = [];
        var outcome = await AskAsync(transaction, async r =>
        {
            replies = await r.SendAsync(fields, message, file, transaction.Recipients.Count);
            return SmtpReplies.Ok;
        });
        return outcome.IsPositive ? replies : transaction.ToAll(outcome);
    }

    // Where the next server fails, its connection is given up, and the client keeps its mail.
    private async Task<SmtpReply> AskAsync(Transaction transaction, Func<RelayTransaction, Task<SmtpReply>> ask)
    {
        if (transaction.State is not RelayTransaction relayed)
        {
            return _unreachable;
        }

        try
        {
            return await ask(relayed);
        }
        catch (IOException error)
        {
            relayed.End(isBroken: true);
            transaction.State = null;
            LogUnreachable(error.Message);
            return refusals.Refused("relay", ServerReasons.RelayUnreachable, transaction, null, _unreachable);
        }
    }

    [LoggerMessage(7301, LogLevel.Information, "handed on client={Client} from={ReversePath} to=<{ForwardPath}> recipients={Count} folder={Folder} reason={Reason} bytes={Bytes} reply=\"{Reply}\" ms={Milliseconds:F1}")]
    private partial void LogHandedOn(
        IPAddress client, ReversePath reversePath, MailAddress forwardPath, int count, string folder, string reason, long bytes, string reply, double milliseconds);

    [LoggerMessage(7302, LogLevel.Error, "The next server: {Error}")]
    private partial void LogUnreachable(string error);

    [LoggerMessage(7303, LogLevel.Error, "A message from {ReversePath} could not be judged; guard.on_failure decides")]
    private partial void LogFailed(Exception error, ReversePath reversePath);
}
