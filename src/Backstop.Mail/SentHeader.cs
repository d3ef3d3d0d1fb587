using System.Buffers;
using System.Security.Cryptography;
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

    // Fields that mail programs add to a message they keep, and change later; not part of the digest.
    private static readonly HashSet<string> _kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Status", "X-Status", "X-Keywords", "X-UID", "X-IMAP", "X-IMAPbase", "X-Mozilla-Status", "X-Mozilla-Status2",
        "X-Mozilla-Keys", "X-Evolution", "X-KMail-EncryptionState", "X-KMail-SignatureState", "Content-Length", "Lines",
    };

    /// <summary>
    /// Identifies a message without a Message-ID: a hash of its header, the same each time the message is read, on disk or over IMAP.
    /// Null if it has a Message-ID.
    /// </summary>
    public string? Digest { get; init; }

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
            date is not null && DateUtils.TryParse(date, out var parsed) ? parsed : null)
        {
            Digest = string.IsNullOrEmpty(id) ? DigestOf(message, fields) : null,
        };
    }

    // Left out because they differ between two readings of one message: line ends (disk or IMAP) and mail programs' own fields.
    private static string DigestOf(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var line = new ArrayBufferWriter<byte>();
        foreach (var field in fields)
        {
            var name = field.Name(message);
            if (_kept.Contains(HeaderText.ToText(name)))
            {
                continue;
            }

            line.ResetWrittenCount();
            line.Write(name);
            line.Write(":"u8);
            foreach (var octet in field.RawBody(message))
            {
                if (octet is not ((byte)'\r' or (byte)'\n'))
                {
                    line.GetSpan(1)[0] = octet;
                    line.Advance(1);
                }
            }

            line.Write("\n"u8);
            hash.AppendData(line.WrittenSpan);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static IEnumerable<MailAddress> Addresses(string body) =>
        InternetAddressList.TryParse(body, out var list)
            ? list.Mailboxes.Select(m => MailAddress.TryParse(m.Address)).OfType<MailAddress>()
            : [];
}
