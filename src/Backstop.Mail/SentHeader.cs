using MimeKit;
using MimeKit.Utils;

namespace Backstop.Mail;

/// <summary>Author, recipients, Message-ID and date from the header of a sent message.</summary>
/// <param name="From">The author's address, or null.</param>
/// <param name="MessageId">Without brackets, or null.</param>
/// <param name="Recipients">The addresses in To, Cc and Bcc.</param>
/// <param name="Date">The Date field, or null.</param>
public sealed record SentHeader(MailAddress? From, string? MessageId, IReadOnlyList<MailAddress> Recipients, DateTimeOffset? Date)
{
    private const int MaxHeader = 128 << 10;

    static SentHeader() => CodePages.Register();

    /// <summary>Reads the header of a message.</summary>
    /// <param name="message">The message; only its first 128 KiB are read.</param>
    public static SentHeader Read(ReadOnlySpan<byte> message)
    {
        message = message.Length > MaxHeader ? message[..MaxHeader] : message;
        var fields = new List<HeaderField>();
        HeaderScan.Scan(message, fields);
        var recipients = new List<MailAddress>();
        foreach (var field in fields)
        {
            if (field.Is(message, "To"u8) || field.Is(message, "Cc"u8) || field.Is(message, "Bcc"u8))
            {
                recipients.AddRange(Addresses(field.Body(message)));
            }
        }

        var id = fields.Text(message, "Message-ID"u8)?.Trim('<', '>', ' ');
        var date = fields.Text(message, "Date"u8);
        return new(
            Addresses(fields.Text(message, "From"u8) ?? "").FirstOrDefault(),
            string.IsNullOrEmpty(id) ? null : id,
            recipients,
            date is not null && DateUtils.TryParse(date, out var parsed) ? parsed : null);
    }

    private static IEnumerable<MailAddress> Addresses(string body) =>
        InternetAddressList.TryParse(body, out var list)
            ? list.Mailboxes.Select(m => MailAddress.TryParse(m.Address)).OfType<MailAddress>()
            : [];
}
