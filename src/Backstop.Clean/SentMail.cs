using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Clean;

/// <summary>
/// The sent mail that is known: what was read from Sent folders, and the server's journal where there is one.
/// </summary>
/// <remarks>
/// A mailbox has one owner, and its Sent folders hold his mail: he has written to every recipient in them, however long
/// ago.
/// </remarks>
internal sealed class SentMail : ISentJournal
{
    // A folder that covers less time may have been emptied lately, so it does not tell when sent mail begins to be
    // known.
    private static readonly TimeSpan _tellingSpan = TimeSpan.FromDays(7);

    // A server may retry for days before it bounces, so a bounce may come this much later than the mail that it
    // returns.
    private static readonly TimeSpan _margin = TimeSpan.FromDays(5);

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _recipients = new(StringComparer.Ordinal);
    private readonly HashSet<string> _domains = new(StringComparer.Ordinal);
    private readonly ISentJournal? _journal;
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    /// <summary>Begins with what the journal knows.</summary>
    /// <param name="journal">The server's journal; null for none.</param>
    /// <param name="known">How many messages the journal holds.</param>
    public SentMail(ISentJournal? journal, long known)
    {
        _journal = journal;
        Count = known;
    }

    /// <summary>How many sent messages are known.</summary>
    public long Count { get; private set; }

    /// <summary>Whether any sent message is known.</summary>
    public bool IsKnown => Count > 0;

    /// <summary>
    /// Sent mail from before this time is not known; <see cref="DateTimeOffset.MinValue"/> where that cannot be told.
    /// </summary>
    public DateTimeOffset Since =>
        _journal is null && _first != DateTimeOffset.MaxValue && _last - _first >= _tellingSpan
            ? _first - _margin
            : DateTimeOffset.MinValue;

    /// <summary>Adds a message. Must not be called by two threads at once, nor while another thread reads.</summary>
    public void Add(SentHeader sent)
    {
        Add(sent.MessageId, sent.Recipients);
        if (sent.Date is { } date)
        {
            _first = date < _first ? date : _first;
            _last = date > _last ? date : _last;
        }
    }

    /// <summary>Adds a message whose date is not known.</summary>
    public void Add(string? messageId, IEnumerable<MailAddress> recipients)
    {
        Count++;
        if (messageId is not null)
        {
            _ids.Add(SentJournal.IdKey(messageId));
        }

        foreach (var recipient in recipients)
        {
            _recipients.Add(recipient.Key);
            _domains.Add(MailAddress.DomainKey(recipient.Domain));
        }
    }

    /// <summary>Whether mail was sent to a recipient of that domain.</summary>
    public bool HasDomain(string domain) => _domains.Contains(domain);

    public bool HasMessageId(string messageId) => _ids.Contains(SentJournal.IdKey(messageId)) || _journal?.HasMessageId(messageId) == true;

    public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) =>
        (MailAddress.TryParse(recipient) is { } address && _recipients.Contains(address.Key))
            || _journal?.HasRecipient(recipient, ours) == true;

    public Coverage Coverage(string ours) => _journal?.Coverage(ours) ?? default;
}
