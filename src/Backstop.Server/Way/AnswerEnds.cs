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

/// <summary>What is to be done with a message that another server keeps.</summary>
/// <param name="Verdict">Where it belongs; null where nobody asked.</param>
/// <param name="Fields">Header fields to add, in order.</param>
internal sealed record GuardAnswer(Verdict? Verdict, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    /// <summary>It passes as it is.</summary>
    public static GuardAnswer Pass { get; } = new(null, []);
}

/// <summary>An answer to a server that asks and keeps the message itself (milter, policy service): nothing is dropped here.</summary>
internal sealed partial class AnswerEnds(BackstopOptions options, Recipients recipients, ILogger<AnswerEnds> log)
{
    /// <summary>The end of one transaction.</summary>
    public AnswerEnd For(Transaction transaction) => new(this, transaction);

    [LoggerMessage(
        7101, LogLevel.Information,
        "passed client={Client} from={ReversePath} to=<{ForwardPath}> recipients={Count} folder={Folder} reason={Reason} bytes={Bytes} "
            + "ms={Milliseconds:F1}")]
    private partial void LogPassed(
        IPAddress client, ReversePath reversePath, MailAddress forwardPath, int count, string folder, string reason, long bytes, double milliseconds);

    /// <summary>The answer of one transaction.</summary>
    internal sealed class AnswerEnd(AnswerEnds all, Transaction transaction) : IEnd<GuardedMessage>
    {
        /// <summary>The answer, once the message was taken.</summary>
        public GuardAnswer Answer { get; private set; } = GuardAnswer.Pass;

        // Its server has a limit of its own.
        public int MaxRecipients => int.MaxValue;

        public bool AsksContent => true;

        public int Waiting => 0;

        public bool IsDurable => false;

        public bool MustTake => false;

        public FailurePolicy? OnFailure => all.OnFailure;

        public ValueTask<SmtpReply> BeginAsync() => new(SmtpReplies.SenderOk);

        // Recipients that are not ours are nobody's business here.
        public Addressee Find(MailAddress address) =>
            all.Find(address) is { } known ? Addressee.Ours(known) : Addressee.Answered(SmtpReplies.RecipientOk);

        public ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters) => new(SmtpReplies.RecipientOk);

        public ValueTask<Taken> TakeAsync(GuardedMessage message, Decided? decided)
        {
            if (decided is { } d)
            {
                var verdict = d.Verdict;
                Answer = new(
                    verdict, [new("X-Backstop", d.Mark), .. TraceHeader.Split(d.Judgement.FilterFields)]);
                all.LogPassed(transaction.Client.Address, transaction.ReversePath, transaction.Recipients[0].ForwardPath, transaction.Recipients.Count,
                    verdict.Folder, verdict.Reason.Word, message.Length, Stopwatch.GetElapsedTime(d.Started).TotalMilliseconds);
            }

            return new(new Taken([SmtpReplies.Ok], ""));
        }

        public void Drop()
        {
            // Nothing is kept.
        }
    }

    private FailurePolicy OnFailure => options.Guard.OnFailure;

    private KnownRecipient? Find(MailAddress address) => recipients.FindGuarded(address);
}
