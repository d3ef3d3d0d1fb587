using Backstop.Backscatter;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;
using Backstop.Server.Receiving;

namespace Backstop.Server.Way;

/// <summary>
/// Where a message goes that was judged: the spool, the server behind us, or an answer to a server that keeps it. One for each
/// transaction; the order of calls is that of SMTP.
/// </summary>
/// <typeparam name="TMessage">What it takes: octets that were received here, or shown to us.</typeparam>
internal interface IEnd<in TMessage>
    where TMessage : IReceived
{
    /// <summary>The most recipients of a message.</summary>
    int MaxRecipients { get; }

    /// <summary>Whether it is asked what the content is: not of mail that leaves.</summary>
    bool AsksContent { get; }

    /// <summary>How many messages wait behind this end: above a limit no spam filter is asked.</summary>
    int Waiting { get; }

    /// <summary>Whether a 250 of ours is a promise: then what was received is on the disk before it is taken.</summary>
    bool IsDurable { get; }

    /// <summary>Whether nothing may be refused, because whoever brings it would answer with a message of its own.</summary>
    bool MustTake { get; }

    /// <summary>What happens to a message that cannot be judged; null where the session answers that there is a fault of ours.</summary>
    FailurePolicy? OnFailure { get; }

    /// <summary>MAIL: can it take a message now?</summary>
    /// <returns>A positive reply where it can.</returns>
    ValueTask<SmtpReply> BeginAsync();

    /// <summary>RCPT, before any rule is asked: whose address is it, as far as this end knows?</summary>
    Addressee Find(MailAddress address);

    /// <summary>RCPT, after the rules: takes the recipient.</summary>
    /// <param name="recipient">The recipient.</param>
    /// <param name="parameters">The parameters of RCPT as they stood; null for none.</param>
    /// <returns>A positive reply where it was taken.</returns>
    ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters);

    /// <summary>End of data: takes the message.</summary>
    /// <param name="message">The message; what was wrong with its octets was refused before.</param>
    /// <param name="decided">What was decided; null where nothing was asked, or nothing could be answered.</param>
    ValueTask<Taken> TakeAsync(TMessage message, Decided? decided);

    /// <summary>The transaction is over, or given up: nothing of it is kept here.</summary>
    void Drop();
}

/// <summary>Whose an address is, as an end knows it.</summary>
/// <param name="Kind">Whether rules are asked about it.</param>
/// <param name="Known">The mailbox; null for none.</param>
/// <param name="Reply">The reply where there is nothing to ask.</param>
/// <param name="Reason">The reason of a refusal; null where the reply is none, or was noted before.</param>
internal readonly record struct Addressee(AddresseeKind Kind, KnownRecipient? Known, SmtpReply Reply, Reason? Reason)
{
    /// <summary>The rules are asked.</summary>
    public static Addressee Ours(KnownRecipient? known) => new(AddresseeKind.Ours, known, default!, null);

    /// <summary>It is taken, and no rule of ours is asked.</summary>
    public static Addressee Elsewhere { get; } = new(AddresseeKind.Elsewhere, null, default!, null);

    /// <summary>It is answered, and not taken: it is nobody's business here, or cannot be.</summary>
    public static Addressee Answered(SmtpReply reply, Reason? reason = null) => new(AddresseeKind.Answered, null, reply, reason);
}

/// <summary>What is asked about an address.</summary>
internal enum AddresseeKind
{
    /// <summary>The rules for recipients.</summary>
    Ours,

    /// <summary>Nothing: it is of another domain, and may be written to.</summary>
    Elsewhere,

    /// <summary>Nothing: the answer stands.</summary>
    Answered,
}

/// <summary>What was decided about a message.</summary>
/// <param name="Judgement">What it is and who gets it.</param>
/// <param name="Verdict">What becomes of the whole of it.</param>
/// <param name="Mark">The body of the field X-Backstop.</param>
/// <param name="Started">When its data had ended, as a time stamp.</param>
internal sealed record Decided(Judgement Judgement, Verdict Verdict, string Mark, long Started);

/// <summary>What came of handing a message to an end.</summary>
/// <param name="Replies">One, or in LMTP one for each recipient.</param>
/// <param name="QueueId">Its id here; empty for none.</param>
internal readonly record struct Taken(IReadOnlyList<SmtpReply> Replies, string QueueId)
{
    /// <summary>Whether anybody has it.</summary>
    public bool IsTaken => Replies.Any(r => r.IsPositive);
}
