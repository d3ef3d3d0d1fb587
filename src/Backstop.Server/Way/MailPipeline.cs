using System.Diagnostics;
using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>The rules that all pipelines ask.</summary>
/// <param name="Limits">The limits of a message.</param>
/// <param name="Recipients">The rules at RCPT.</param>
/// <param name="Strangers">Whose mail is to come later.</param>
/// <param name="Content">The rules at the end of data.</param>
/// <param name="Refusals">Makes and records refusals.</param>
/// <param name="Accepted">Records accepted messages.</param>
/// <param name="Names">Finds the DNS names of clients.</param>
internal sealed record Questions(
    SmtpOptions Limits, RecipientRules Recipients, StrangerRules Strangers, ContentRules Content, Refusals Refusals,
    AcceptedMail Accepted, ClientNames Names);

/// <summary>
/// Takes a message through all rules, the cheapest first. Its end decides where it goes. Every refusal has one reason,
/// with the same word in reply, log, metric and header.
/// </summary>
/// <typeparam name="TMessage">The type of message that the end takes.</typeparam>
internal sealed partial class MailPipeline<TMessage>(
    Questions questions, Func<Transaction, IEnd<TMessage>> ends, ILogger<MailPipeline<TMessage>> log)
    where TMessage : IReceived
{
    private readonly Refusals _refusals = questions.Refusals;

    /// <summary>MAIL: checks the size, and whether the end can take a message.</summary>
    /// <param name="transaction">The client and the sender; no recipients yet.</param>
    /// <param name="announcedSize">The size that the client announces; 0 where it announces none.</param>
    /// <returns>The reply; where it is positive, the passage for the rest of the transaction.</returns>
    public async ValueTask<(SmtpReply Reply, Passage<TMessage>? Passage)> BeginAsync(Transaction transaction, long announcedSize)
    {
        if (announcedSize > questions.Limits.MaxMessage.Bytes)
        {
            return (_refusals.Refused("mail", ServerReasons.SizeAnnounced, transaction, null, SmtpReplies.TooBig), null);
        }

        var end = ends(transaction);
        var reply = await end.BeginAsync();
        return (reply, reply.IsPositive ? new(transaction, end) : null);
    }

    /// <summary>RCPT: finds the recipient's mailbox, and decides whether this sender may write to it.</summary>
    /// <param name="passage">The message under way. The recipient is added to it where the reply is positive and the
    /// mailbox is here.</param>
    /// <param name="address">The address of the forward-path.</param>
    /// <param name="parameters">The parameters of RCPT as the client sent them; null for none.</param>
    /// <param name="ct">Cancels the query of DNS lists.</param>
    public async ValueTask<SmtpReply> RecipientAsync(
        Passage<TMessage> passage, MailAddress address, string? parameters, CancellationToken ct)
    {
        var (transaction, end) = (passage.Transaction, passage.End);
        if (transaction.Recipients.Count >= end.MaxRecipients)
        {
            return _refusals.Refused("rcpt", ServerReasons.RecipientsLimit, transaction, address, SmtpReplies.TooManyRecipients);
        }

        var (recipient, answer) = await AskAsync(passage, address, ct);
        if (recipient is null)
        {
            return answer!;
        }

        var reply = await end.AddAsync(recipient, parameters);
        if (reply.IsPositive)
        {
            transaction.Recipients.Add(recipient);
            _ = end.IsDurable ? questions.Names.Of(transaction.Client) : null;
        }

        return reply;
    }

    /// <summary>
    /// End of data: decides what the message is, what it proves and who gets it. Returns one reply, or one for each
    /// recipient in LMTP.
    /// </summary>
    /// <param name="passage">The message under way.</param>
    /// <param name="message">The received message.</param>
    public async ValueTask<IReadOnlyList<SmtpReply>> ReceiveAsync(Passage<TMessage> passage, TMessage message)
    {
        var (transaction, end) = (passage.Transaction, passage.End);
        if (transaction.Recipients.Count == 0)
        {
            // None of the recipients is ours.
            return (await end.TakeAsync(message, null)).Replies;
        }

        var started = Stopwatch.GetTimestamp();
        using var span = Traces.Begin("receive");
        var mail = Scan(message, transaction, end);
        var hops = message.Close(questions.Content, mail, toDisk: end.IsDurable);
        if (message.Refusal is { } bad)
        {
            return transaction.ToAll(_refusals.Refused("data", ServerReasons.Content(bad.Code), transaction, null, bad));
        }

        if (hops > questions.Limits.MaxHops && !end.MustTake)
        {
            return transaction.ToAll(_refusals.Loop(transaction));
        }

        var decided = end.AsksContent && mail is not null ? await DecideAsync(passage, mail, message.Length, started) : null;
        if (decided is null)
        {
            return end.AsksContent && end.OnFailure == FailurePolicy.TempFail
                ? transaction.ToAll(SmtpReplies.OurTrouble)
                : (await end.TakeAsync(message, null)).Replies;
        }

        var judgement = decided.Judgement;
        span.Decided(judgement.Wanted.Count > 0 ? judgement.Wanted[0].Verdict : judgement.Verdicts[0]);
        if (judgement.Wanted.Count == 0 && !end.MustTake)
        {
            return transaction.ToAll(_refusals.Unwanted(judgement.Verdicts[0].Reason, transaction));
        }

        var taken = await end.TakeAsync(message, decided);
        if (taken.IsTaken)
        {
            Note(transaction, decided, taken.QueueId);
        }

        return taken.Replies;
    }

    /// <summary>Records a refusal before there is a transaction.</summary>
    public SmtpReply Refuse(string stage, Reason reason, ClientIdentity client, SmtpReply reply) =>
        _refusals.Refused(stage, reason, client, reply);

    // Returns a recipient to add, or the reply where there is none.
    private async ValueTask<(AcceptedRecipient? Recipient, SmtpReply? Answer)> AskAsync(
        Passage<TMessage> passage, MailAddress address, CancellationToken ct)
    {
        var (transaction, end) = (passage.Transaction, passage.End);
        var addressee = await end.FindAsync(address, ct);
        if (addressee.Kind == AddresseeKind.Answered)
        {
            return (null, addressee.Reason is { } reason ? _refusals.Refused(
                "rcpt", reason, transaction, address, addressee.Reply) : addressee.Reply);
        }

        if (addressee.Kind == AddresseeKind.Elsewhere)
        {
            return (Elsewhere(address), null);
        }

        try
        {
            var (recipient, refusal) = await questions.Recipients.JudgeAsync(transaction, address, addressee.Known, ct);
            if (refusal is null && !end.MustTake)
            {
                // Who must take a message can make nobody come later.
                refusal = questions.Strangers.AtRecipient(transaction, recipient!);
            }

            if (refusal is not { } no)
            {
                return (recipient, null);
            }

            if (!end.MustTake)
            {
                return (null, _refusals.Refused(no, transaction, address));
            }

            passage.Doubt ??= no.Reason;
            return (Elsewhere(address), null);
        }
        catch (Exception error) when (end.OnFailure is not null && (error is not OperationCanceledException || !ct.IsCancellationRequested))
        {
            return Failed(error, transaction, end) is { } reply ? (null, reply) : (Elsewhere(address), null);
        }
    }

    private static AcceptedRecipient Elsewhere(MailAddress address) =>
        new(address, Recipients.Elsewhere(address), default, default, IsOurs: false);

    // Null where the message is refused anyway, since its header may then be of any length, and where it cannot be
    // read.
    private MailMessage? Scan(TMessage message, Transaction transaction, IEnd<TMessage> end)
    {
        try
        {
            return message.Refusal is null ? new(message.Front) : null;
        }
        catch (Exception error) when (end.OnFailure is not null)
        {
            LogFailed(error, transaction.ReversePath);
            return null;
        }
    }

    // Null where the message cannot be judged, and the end has a policy for that.
    private async ValueTask<Decided?> DecideAsync(Passage<TMessage> passage, MailMessage mail, long length, long started)
    {
        var (transaction, end) = (passage.Transaction, passage.End);
        try
        {
            var judgement = await questions.Content.JudgeAsync(transaction, mail, length, end.Waiting);
            var verdict = passage.Doubt is { } doubt ? Verdict.File(doubt) : judgement.Joint();
            return new(judgement, verdict, TraceHeader.Reason(judgement.Report, verdict), started);
        }
        catch (Exception error) when (end.OnFailure is not null)
        {
            // The outermost place of a message: a bug must not decide about mail.
            LogFailed(error, transaction.ReversePath);
            return null;
        }
    }

    private SmtpReply? Failed(Exception error, Transaction transaction, IEnd<TMessage> end)
    {
        LogFailed(error, transaction.ReversePath);
        return end.OnFailure == FailurePolicy.TempFail ? SmtpReplies.OurTrouble : null;
    }

    // The message was accepted: a failure to record that must not make the client send it again.
    private void Note(Transaction transaction, Decided decided, string queueId)
    {
        try
        {
            questions.Accepted.Note(transaction, decided.Judgement, decided.Verdict, queueId, decided.Started);
        }
        catch (Exception error)
        {
            LogNotNoted(error, transaction.ReversePath);
        }
    }

    [LoggerMessage(7102, LogLevel.Error, "A message from {ReversePath} could not be judged; guard.on_failure decides")]
    private partial void LogFailed(Exception error, ReversePath reversePath);

    [LoggerMessage(7103, LogLevel.Error, "A message from {ReversePath} was accepted, but could not be counted")]
    private partial void LogNotNoted(Exception error, ReversePath reversePath);
}
