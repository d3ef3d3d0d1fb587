using Backstop.Backscatter.Proofs;
using Backstop.Mail;
using Backstop.State;

namespace Backstop.Clean;

/// <summary>What was sent, read from Sent folders into memory; beside it, the server's journal where there is one.</summary>
/// <remarks>
/// A mailbox has one owner, and folders of sent mail are his: whoever a message was sent to was written to by him, long ago too.
/// </remarks>
internal sealed class SentMail : ISentJournal
{
    // A folder that reaches less far back says nothing about what was sent before: it may have been tidied today.
    private static readonly TimeSpan _tellingSpan = TimeSpan.FromDays(7);

    // A bounce may be underway for as long as servers retry.
    private static readonly TimeSpan _margin = TimeSpan.FromDays(5);

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _recipients = new(StringComparer.Ordinal);
    private readonly HashSet<string> _domains = new(StringComparer.Ordinal);
    private readonly ISentJournal? _journal;
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    /// <summary>Nothing but what the journal knows.</summary>
    /// <param name="journal">The server's, or null.</param>
    /// <param name="known">How many messages it holds.</param>
    public SentMail(ISentJournal? journal, long known)
    {
        _journal = journal;
        Count = known;
    }

    /// <summary>How many messages are known.</summary>
    public long Count { get; private set; }

    /// <summary>Whether any is.</summary>
    public bool IsKnown => Count > 0;

    /// <summary>Before this nothing is known; <see cref="DateTimeOffset.MinValue"/> where nobody can tell.</summary>
    public DateTimeOffset Since =>
        _journal is null && _first != DateTimeOffset.MaxValue && _last - _first >= _tellingSpan
            ? _first - _margin
            : DateTimeOffset.MinValue;

    /// <summary>Remembers a message. Not to be called by two threads at once, nor while others ask.</summary>
    public void Add(SentHeader sent)
    {
        Add(sent.MessageId, sent.Recipients);
        if (sent.Date is { } date)
        {
            _first = date < _first ? date : _first;
            _last = date > _last ? date : _last;
        }
    }

    /// <summary>The same of a message whose date nobody knows.</summary>
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

    /// <summary>Whether somebody of that domain was written to.</summary>
    public bool HasDomain(string domain) => _domains.Contains(domain);

    public bool HasMessageId(string messageId) => _ids.Contains(SentJournal.IdKey(messageId)) || _journal?.HasMessageId(messageId) == true;

    public bool HasRecipient(string recipient, IReadOnlyCollection<string> ours) =>
        (MailAddress.TryParse(recipient) is { } address && _recipients.Contains(address.Key))
            || _journal?.HasRecipient(recipient, ours) == true;

    public Coverage Coverage(string ours) => _journal?.Coverage(ours) ?? default;
}
