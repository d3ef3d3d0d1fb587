using System.Diagnostics;
using System.Net;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>What another mail server is to do with a message that it keeps.</summary>
/// <param name="Verdict">Where the message belongs; null where nothing was decided.</param>
/// <param name="Fields">Header fields to add, in order.</param>
internal sealed record GuardAnswer(Verdict? Verdict, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    /// <summary>The message passes unchanged.</summary>
    public static GuardAnswer Pass { get; } = new(null, []);
}

/// <summary>The end for a mail server that asks us and keeps the message itself (milter, policy service).</summary>
internal sealed partial class AnswerEnds(BackstopOptions options, Recipients recipients, ILogger<AnswerEnds> log)
{
    /// <summary>Returns the end of one transaction.</summary>
    public AnswerEnd For(Transaction transaction) => new(this, transaction);

    [LoggerMessage(
        7101, LogLevel.Information,
        "passed client={Client} from={ReversePath} to={Recipients} recipients={Count} message-id={MessageId} folder={Folder} "
            + "reason={Reason} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogPassed(
        IPAddress client, ReversePath reversePath, string recipients, int count, string messageId, string folder, string reason,
        long bytes, double milliseconds);

    [LoggerMessage(7104, LogLevel.Information, "passed message-id={MessageId} also to={Recipients}")]
    private partial void LogFurther(string messageId, string recipients);

    private void Log(Transaction transaction, Decided decided, long length)
    {
        var (verdict, id) = (decided.Verdict, LoggedMail.MessageId(decided.Judgement));
        LogPassed(
            transaction.Client.Address, transaction.ReversePath, LoggedMail.To(transaction.Recipients), transaction.Recipients.Count, id,
            verdict.Folder, verdict.Reason.Word, length, Stopwatch.GetElapsedTime(decided.Started).TotalMilliseconds);
        foreach (var further in LoggedMail.Further(transaction.Recipients))
        {
            LogFurther(id, further);
        }
    }

    /// <summary>The end of one transaction, with its answer.</summary>
    internal sealed class AnswerEnd(AnswerEnds all, Transaction transaction) : IEnd<GuardedMessage>
    {
        /// <summary>The answer, once the message was accepted.</summary>
        public GuardAnswer Answer { get; private set; } = GuardAnswer.Pass;

        // The mail server has its own limit.
        public int MaxRecipients => int.MaxValue;

        public bool AsksContent => true;

        public int Waiting => 0;

        public bool IsDurable => false;

        public bool MustTake => false;

        public FailurePolicy? OnFailure => all.OnFailure;

        public ValueTask<SmtpReply> BeginAsync() => new(SmtpReplies.SenderOk);

        // Recipients that are not ours are accepted without any rule.
        public ValueTask<Addressee> FindAsync(MailAddress address, CancellationToken ct) =>
            new(all.Find(address) is { } known ? Addressee.Ours(known) : Addressee.Answered(SmtpReplies.RecipientOk));

        public ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters) => new(SmtpReplies.RecipientOk);

        public ValueTask<Taken> TakeAsync(GuardedMessage message, Decided? decided)
        {
            if (decided is { } d)
            {
                Answer = new(
                    d.Verdict, [new("X-Backstop", d.Mark), .. TraceHeader.Split(d.Judgement.FilterFields)]);
                all.Log(transaction, d, message.Length);
            }

            return new(new Taken([SmtpReplies.Ok], ""));
        }

        public void Drop()
        {
            // Nothing is kept here.
        }
    }

    private FailurePolicy OnFailure => options.Guard.OnFailure;

    private KnownRecipient? Find(MailAddress address) => recipients.FindGuarded(address);
}
