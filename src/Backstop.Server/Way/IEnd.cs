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
/// Where a judged message goes: the spool, the next server, or an answer to a server that keeps it. There is one for
/// each transaction. The order of calls is that of SMTP.
/// </summary>
/// <typeparam name="TMessage">A message that was received here, or shown to us.</typeparam>
internal interface IEnd<in TMessage>
    where TMessage : IReceived
{
    /// <summary>The most recipients that a message may have.</summary>
    int MaxRecipients { get; }

    /// <summary>Whether the content is judged. It is not for outgoing mail.</summary>
    bool AsksContent { get; }

    /// <summary>How many messages wait behind this end. Above a limit no spam filter is asked.</summary>
    int Waiting { get; }

    /// <summary>Whether our 250 is a promise, so that the message must be on disk before it is accepted.</summary>
    bool IsDurable { get; }

    /// <summary>
    /// Whether nothing may be refused, because the server that hands us mail would answer a refusal with a bounce.
    /// </summary>
    bool MustTake { get; }

    /// <summary>
    /// What happens to a message that cannot be judged; null where the session replies that there is a fault of ours.
    /// </summary>
    FailurePolicy? OnFailure { get; }

    /// <summary>MAIL: begins a transaction.</summary>
    /// <returns>A positive reply where the end can take a message now.</returns>
    ValueTask<SmtpReply> BeginAsync();

    /// <summary>RCPT, before the rules: finds the owner of an address.</summary>
    /// <param name="address">The address of the forward-path.</param>
    /// <param name="ct">Ends the lookup.</param>
    ValueTask<Addressee> FindAsync(MailAddress address, CancellationToken ct);

    /// <summary>RCPT, after the rules: adds the recipient.</summary>
    /// <param name="recipient">A recipient that the rules accepted.</param>
    /// <param name="parameters">The parameters of RCPT as the client sent them; null for none.</param>
    /// <returns>A positive reply where it was accepted.</returns>
    ValueTask<SmtpReply> AddAsync(AcceptedRecipient recipient, string? parameters);

    /// <summary>End of data: takes the message.</summary>
    /// <param name="message">The message. One with wrong octets was refused before.</param>
    /// <param name="decided">The decision; null where the content was not judged, or could not be.</param>
    ValueTask<Taken> TakeAsync(TMessage message, Decided? decided);

    /// <summary>Ends or gives up the transaction, and keeps nothing of it.</summary>
    void Drop();
}

/// <summary>The owner of an address, as an end knows it.</summary>
/// <param name="Kind">Whether the rules are asked about it.</param>
/// <param name="Known">The mailbox; null for none.</param>
/// <param name="Reply">The reply where the rules are not asked.</param>
/// <param name="Reason">The reason of a refusal; null where the reply is not one, or was recorded before.</param>
internal readonly record struct Addressee(AddresseeKind Kind, KnownRecipient? Known, SmtpReply Reply, Reason? Reason)
{
    /// <summary>The address is ours, and the rules are asked.</summary>
    public static Addressee Ours(KnownRecipient? known) => new(AddresseeKind.Ours, known, default!, null);

    /// <summary>The address is accepted, and no rule is asked.</summary>
    public static Addressee Elsewhere { get; } = new(AddresseeKind.Elsewhere, null, default!, null);

    /// <summary>The address is answered with a reply and not added to the message.</summary>
    public static Addressee Answered(SmtpReply reply, Reason? reason = null) => new(AddresseeKind.Answered, null, reply, reason);
}

/// <summary>What is asked about an address.</summary>
internal enum AddresseeKind
{
    /// <summary>The rules for recipients.</summary>
    Ours,

    /// <summary>Nothing: it belongs to another domain, and may be written to.</summary>
    Elsewhere,

    /// <summary>Nothing: the reply is known already.</summary>
    Answered,
}

/// <summary>The decision about a message.</summary>
/// <param name="Judgement">What the message is, and who gets it.</param>
/// <param name="Verdict">The verdict on the message as a whole.</param>
/// <param name="Mark">The body of the field X-Backstop.</param>
/// <param name="Started">The time stamp of the end of its data.</param>
internal sealed record Decided(Judgement Judgement, Verdict Verdict, string Mark, long Started);

/// <summary>The result of handing a message to an end.</summary>
/// <param name="Replies">One reply, or one for each recipient in LMTP.</param>
/// <param name="QueueId">The message's id here; empty for none.</param>
internal readonly record struct Taken(IReadOnlyList<SmtpReply> Replies, string QueueId)
{
    /// <summary>Whether the message was accepted for any recipient.</summary>
    public bool IsTaken => Replies.Any(r => r.IsPositive);
}
