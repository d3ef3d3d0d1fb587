using System.Diagnostics;
using Backstop.Backscatter;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Receiving;
using Microsoft.Extensions.Logging;

namespace Backstop.Server.Way;

/// <summary>What is to be done with a message that another server has.</summary>
/// <param name="Refusal">Refuse it with this; null to take it.</param>
/// <param name="Verdict">Where it belongs; null where nobody asked.</param>
/// <param name="Fields">Header fields to add, in order.</param>
internal sealed record GuardAnswer(SmtpReply? Refusal, Verdict? Verdict, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    public static GuardAnswer Pass { get; } = new(null, null, []);

    public static GuardAnswer Refuse(SmtpReply reply) => new(reply, null, []);
}

/// <summary>
/// The way of a message past us: the same questions as in <see cref="MailPipeline"/>, asked by a server that keeps the message. Nothing is ever dropped;
/// when we fail, the configuration says whether it passes or waits.
/// </summary>
internal sealed partial class GuardPipeline(
    BackstopOptions options, Recipients recipients, RecipientRules recipientRules, ContentRules contentRules, Refusals refusals,
    ILogger<GuardPipeline> log)
{
    /// <summary>RCPT: may this sender write to it? Recipients that are not ours are nobody's business here.</summary>
    public async ValueTask<SmtpReply?> RecipientAsync(Transaction transaction, MailAddress address, CancellationToken ct)
    {
        try
        {
            return recipients.FindGuarded(address) is { } known && await recipientRules.JudgeAsync(transaction, address, known, ct) is { } refusal
                ? refusals.Refused(refusal, transaction, address)
                : null;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return Failed(error, transaction);
        }
    }

    /// <summary>End of the message: what is it, does it prove anything?</summary>
    public async ValueTask<GuardAnswer> EndAsync(Transaction transaction, GuardedMessage message)
    {
        if (transaction.Recipients.Count == 0)
        {
            return GuardAnswer.Pass;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            if (message.Hops > options.Smtp.MaxHops)
            {
                return GuardAnswer.Refuse(refusals.Loop(transaction));
            }

            var judgement = await contentRules.JudgeAsync(transaction, message.Front, message.Length, waiting: 0);
            if (judgement.Wanted.Count == 0)
            {
                return GuardAnswer.Refuse(refusals.Unwanted(judgement.Verdicts[0].Reason, transaction));
            }

            var verdict = judgement.Joint();
            contentRules.NoteTaken(transaction, judgement, verdict, "", started);
            LogPassed(transaction.Client.Address, transaction.ReversePath, transaction.Recipients[0].ForwardPath, transaction.Recipients.Count,
                verdict.Folder, verdict.Reason.Word, message.Length, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            return new(null, verdict, [new("X-Backstop", TraceHeader.Reason(judgement.Report, verdict)), .. TraceHeader.Split(judgement.FilterFields)]);
        }
        catch (Exception error)
        {
            // The outermost place of a message: a bug must not decide about mail.
            return Failed(error, transaction) is { } reply ? GuardAnswer.Refuse(reply) : GuardAnswer.Pass;
        }
    }

    private SmtpReply? Failed(Exception error, Transaction transaction)
    {
        LogFailed(error, transaction.ReversePath);
        return options.Guard.OnFailure == FailurePolicy.TempFail ? SmtpReplies.OurTrouble : null;
    }

    [LoggerMessage(7101, LogLevel.Information, "passed client={Client} from={ReversePath} to=<{ForwardPath}> recipients={Count} folder={Folder} reason={Reason} bytes={Bytes} ms={Milliseconds:F1}")]
    private partial void LogPassed(
        System.Net.IPAddress client, ReversePath reversePath, MailAddress forwardPath, int count, string folder, string reason, long bytes, double milliseconds);

    [LoggerMessage(7102, LogLevel.Error, "A message from {ReversePath} could not be judged; guard.on_failure decides")]
    private partial void LogFailed(Exception error, ReversePath reversePath);
}
