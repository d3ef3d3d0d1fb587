using System.Net;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Mail;

namespace Backstop.Server.Outbound;

/// <summary>The changes to an outgoing message.</summary>
/// <param name="Sender">The envelope sender with a tag; null where it is not changed.</param>
/// <param name="Fields">Header fields to add.</param>
internal sealed record OutboundChanges(MailAddress? Sender, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    public static OutboundChanges None { get; } = new(null, []);
}

/// <summary>
/// Makes outgoing mail provable: by a tag on its envelope sender, a signature in its header, and an entry in the
/// journal.
/// </summary>
internal sealed class OutboundMail(BackstopOptions options, Recipients recipients, Proving proving, JournalQueue journal, TimeProvider time)
{
    private readonly AddressList _unsignedTo = new(options.Outbound.UnsignedTo);
    private readonly AddressList _unsignedFrom = new(options.Outbound.UnsignedFrom);

    /// <summary>
    /// Whether mail of a client is ours: by a logged-in user, a network of ours, or a listener of ours.
    /// </summary>
    public bool IsOurs(IPAddress client, string user, string daemon) =>
        user.Length > 0
        || options.Outbound.Networks.Any(n => n.Contains(client))
        || (daemon.Length > 0 && options.Outbound.Daemons.Contains(daemon, StringComparer.OrdinalIgnoreCase));

    /// <summary>Returns the sender with a tag, or unchanged where it gets none.</summary>
    public MailAddress Signed(MailAddress sender) =>
        proving.Batv.CanSign && recipients.IsLocalDomain(sender.Domain) && sender.Domain.Length > 0
            && BatvTag.TryParse(sender) is null && SrsAddress.TryParse(sender) is null && !_unsignedFrom.Has(sender)
            ? proving.Batv.Sign(sender, time.GetUtcNow())
            : sender;

    /// <summary>Prepares an outgoing message, and adds it to the journal.</summary>
    public async ValueTask<OutboundChanges> PrepareAsync(ReversePath reversePath, IReadOnlyList<MailAddress> to, string? messageId)
    {
        // A bounce of ours has no sender to sign, and mail of another domain is not ours.
        if (reversePath.Address is not { Domain.Length: > 0 } tagged || !recipients.IsLocalDomain(tagged.Domain))
        {
            return OutboundChanges.None;
        }

        var sender = BatvTag.TryParse(tagged)?.Original ?? tagged;
        var now = time.GetUtcNow();
        var fields = new List<KeyValuePair<string, string>>(2);
        var id = messageId;
        if (options.Outbound.SignMessage && proving.SignedIds.CanSign)
        {
            if (id is null)
            {
                id = proving.SignedIds.Create(sender, now);
                fields.Add(new("Message-ID", $"<{id}>"));
            }

            fields.Add(new(SignedMessageId.FieldName, proving.SignedIds.Stamp(id, sender, now)));
        }

        if (options.Outbound.Journal)
        {
            await journal.AddAsync(new(sender, id, to, now));
        }

        var signs = options.Outbound.SignSender && !to.Any(_unsignedTo.Has);
        return new(signs && Signed(tagged) is var signed && signed != tagged ? signed : null, fields);
    }

    /// <summary>Records that a recipient was written to, where nothing else is known of the message.</summary>
    /// <param name="sender">Our address that wrote.</param>
    /// <param name="to">The recipient.</param>
    /// <param name="isFirst">Whether this is the first recipient of the message.</param>
    public ValueTask NoteAsync(MailAddress sender, MailAddress to, bool isFirst) =>
        options.Outbound.Journal && recipients.IsLocalDomain(sender.Domain) && sender.Domain.Length > 0
            ? journal.AddAsync(new(BatvTag.TryParse(sender)?.Original ?? sender, null, [to], time.GetUtcNow(), isFirst))
            : ValueTask.CompletedTask;
}
