using System.Data.Common;
using Backstop.Backscatter.Bounces;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Judging.Rules;

/// <summary>
/// The rules at the end of data: classifies the message, looks for proofs and asks the spam filters. Used wherever a
/// whole message is available.
/// </summary>
internal sealed partial class ContentRules(
    BackstopOptions options, Proving proving, StormRules storms, FilterRules filters, TimeProvider time,
    ILogger<ContentRules> log)
{
    /// <summary>
    /// Judges a message for each recipient of the transaction.
    /// </summary>
    /// <param name="transaction">The transaction; at least one recipient.</param>
    /// <param name="message">The message, or the front of a large one.</param>
    /// <param name="length">The whole message's octets.</param>
    /// <param name="waiting">The number of messages waiting for their folders: above a limit no filter is
    /// asked.</param>
    public async ValueTask<Judgement> JudgeAsync(Transaction transaction, MailMessage message, long length, int waiting)
    {
        var (front, isNull) = (message.Octets, transaction.ReversePath.IsNull);
        var budget = JudgingBudget.For(options, front.Length);
        var (report, shape) = budget.Run(() => Look(message, isNull), () => (BounceClassifier.Classify(message, isNull, budget), default));
        var now = time.GetUtcNow();
        var verdicts = transaction.Recipients.ConvertAll(r => Decide(transaction, report, shape, r, now));
        var judgement = new Judgement(report, verdicts, Wanted(transaction, verdicts), "") { Shape = shape };
        if (judgement.Wanted.Count > 0)
        {
            judgement = judgement with { MessageId = message.Fields.Text(front.Span, "Message-ID"u8)?.Trim('<', '>', ' ') };
            judgement = await filters.AskAsync(judgement, transaction, front, length, waiting, now, budget);
        }

        return budget.IsSpent ? Unjudged(judgement, budget) : judgement;
    }

    private static (BounceReport Report, MassMailShape Shape) Look(MailMessage message, bool isNull)
    {
        var report = BounceClassifier.Classify(message, isNull);
        return (report, report.Kind == MailKind.None ? MassMail.Look(message, report) : default);
    }

    // Results found before the budget ran out count; checks that did not finish do not.
    private Judgement Unjudged(Judgement judgement, MessageBudget budget)
    {
        filters.CountUnscanned(budget.IsBraked ? "clock" : "cpu");
        LogUnjudged(budget.Spent.TotalMilliseconds, judgement.Report.From);
        return judgement with { Wanted = [.. judgement.Wanted.Select(w => (w.Recipient, budget.Said(w.Verdict)))] };
    }

    /// <summary>
    /// Reads the header: counts the hosts passed (RFC 5321 §6.3), and reports fields with names that only we may write.
    /// </summary>
    /// <param name="message">The message, or the front of a large one.</param>
    /// <param name="ours">Called with each such field that a sender wrote: filters must be able to trust these
    /// names.</param>
    public int CountHops(MailMessage message, Action<HeaderField> ours)
    {
        var front = message.Octets.Span;
        var hops = 0;
        foreach (var field in message.StrictFields)
        {
            hops += field.Is(front, "Received"u8) ? 1 : 0;
            if (IsOurs(field.Name(front)))
            {
                ours(field);
            }
        }

        return hops;
    }

    /// <summary>Whether only we may write a field with this name.</summary>
    public bool IsOurs(ReadOnlySpan<byte> name) =>
        System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop"u8) || System.Text.Ascii.EqualsIgnoreCase(name, "X-Backstop-Id"u8)
        || (filters.IsScored && name.Length > 7 && System.Text.Ascii.EqualsIgnoreCase(name[..7], "X-Spam-"u8));

    // An unreadable journal neither proves nor refutes: the other proofs decide, nothing is refused for want of proof,
    // and no mail waits.
    private Verdict Decide(
        Transaction transaction, BounceReport report, MassMailShape shape, AcceptedRecipient recipient, DateTimeOffset now)
    {
        if (!recipient.IsOurs)
        {
            return Verdict.Deliver(ServerReasons.Other);
        }

        try
        {
            var known = recipient.Known;
            var (decided, proofs) = proving.Judge.Decide(report, new(known.IsRole, recipient.Batv, known.Ours, recipient.Srs), now);
            return storms.Judge(transaction, known, report, shape, decided, proofs);
        }
        catch (DbException)
        {
            // StoreWatch has already logged it.
            var known = recipient.Known;
            var decided = proving.WithoutJournal.Decide(report, new(known.IsRole, recipient.Batv, known.Ours, recipient.Srs), now).Verdict;
            return storms.Judge(transaction, known, report, shape, decided, proofs: null);
        }
    }

    // SMTP has one reply for all recipients: a message that one recipient wants is accepted, and filed for those that
    // would refuse it. LMTP has a reply for each.
    private static List<(AcceptedRecipient Recipient, Verdict Verdict)> Wanted(Transaction transaction, List<Verdict> verdicts)
    {
        var all = transaction.Recipients.Zip(verdicts).SelectMany(p => p.First.Copies().Select(c => (Recipient: c, Verdict: p.Second)))
            .ToList();
        var wanted = all.Where(p => !p.Verdict.IsRefusal).ToList();
        return wanted.Count == 0 || transaction.Client.IsLmtp
            ? wanted
            : all.ConvertAll(p => p.Verdict.IsRefusal ? (p.Recipient, Verdict.File(p.Verdict.Reason)) : p);
    }

    [LoggerMessage(
        2008, LogLevel.Warning,
        "A message from {From} used up its CPU budget ({Milliseconds:F0} ms) and is delivered without the remaining checks; "
        + "smtp.cpu_per_message sets the budget")]
    private partial void LogUnjudged(double milliseconds, string? from);
}
