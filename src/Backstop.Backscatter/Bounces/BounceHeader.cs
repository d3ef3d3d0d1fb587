using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>The few header fields that distinguish automatic mail from people's, read once.</summary>
internal sealed class BounceHeader
{
    private readonly ReadOnlyMemory<byte> _octets;
    private readonly List<HeaderField> _fields;

    public BounceHeader(ReadOnlyMemory<byte> octets, List<HeaderField> fields, bool? nullReversePath)
    {
        _octets = octets;
        _fields = fields;
        var message = octets.Span;
        var from = fields.Text(message, "From"u8) ?? "";
        FromText = HeaderText.Decode(from);
        From = HeaderText.FirstAddress(from);
        To = fields.Text(message, "To"u8) is { } to ? TextAddresses.Find(to) : [];
        Subject = HeaderText.Decode(fields.Text(message, "Subject"u8) ?? "").Trim();
        var returnPath = fields.Text(message, "Return-Path"u8);
        NullReversePath = nullReversePath ?? (returnPath is null ? null : returnPath.Trim() is "<>" or "");
        References = [
            .. MessageIds.All(fields.Text(message, "In-Reply-To"u8)).Concat(MessageIds.All(fields.Text(message, "References"u8)))];
        FailedRecipients = fields.Text(message, "X-Failed-Recipients"u8) is { } failed ? TextAddresses.Find(failed) : [];
        AutoSubmitted = (fields.Text(message, "Auto-Submitted"u8) ?? "").ToLowerInvariant();
        Precedence = (fields.Text(message, "Precedence"u8) ?? fields.Text(message, "X-Precedence"u8) ?? "").ToLowerInvariant();
        Mailer = fields.Text(message, "X-Mailer"u8) ?? fields.Text(message, "User-Agent"u8) ?? fields.Text(message, "X-MimeOLE"u8) ?? "";
        IsFromPerson = Senders.PersonMailers.Has(Mailer);
        ReturnPath = returnPath is null ? null : HeaderText.FirstAddress(returnPath);
        IsListAdministrivia = fields.Find(message, "X-List-Administrivia"u8) is not null || (!IsFromPerson && Senders.IsListServer(From));
        IsList = fields.Find(message, "List-Id"u8) is not null || fields.Find(message, "List-Unsubscribe"u8) is not null;
        Field = Senders.FindField(message, fields);
        var isOwnDaemon = Senders.IsMailerDaemon(From) || Senders.IsMailerDaemon(ReturnPath);
        IsFromDaemon = isOwnDaemon
            || (!(IsFromPerson && NullReversePath != true) && (Senders.IsDaemon(From, FromText) || Senders.IsDaemon(ReturnPath, "")))
            || (!IsFromPerson && IsReceivedForBounce(message, fields));
        IsFromMailerDaemon = isOwnDaemon;
        HasServerAddress = !(IsFromPerson && NullReversePath != true)
            && (Senders.IsServerAddress(From) || Senders.IsServerAddress(ReturnPath) || FromText.EndsWith("<>", StringComparison.Ordinal));
        HasScannerName = !IsFromPerson && Senders.Scanners.Has(FromText);
        HasScannerProgram = !IsFromPerson && (Senders.Scanners.Has(Mailer) || Senders.ScannerWords.Has(Mailer));
        IsFromScanner = !IsFromPerson && IsScanner();
        SubjectHits = Wording.OfSubject(Subject);
    }

    public string FromText { get; }

    public string? From { get; }

    public IReadOnlyList<string> To { get; }

    public string Subject { get; }

    public bool? NullReversePath { get; }

    public IReadOnlyList<string> References { get; }

    public IReadOnlyList<string> FailedRecipients { get; }

    /// <summary>The Auto-Submitted field (RFC 3834 §5) in lower case with its comments, or empty.</summary>
    public string AutoSubmitted { get; }

    /// <summary>The Precedence field (never standardised) in lower case, or empty.</summary>
    public string Precedence { get; }

    public bool IsList { get; }

    /// <summary>The message's own id without brackets, or null.</summary>
    public string? MessageId => MessageIds.Only(_fields.Text(_octets.Span, "Message-ID"u8));

    /// <summary>The address in Return-Path, or null.</summary>
    public string? ReturnPath { get; }

    /// <summary>Whether Exchange's Thread-Index shows that the message answers another one of the thread.</summary>
    public bool IsThreadReply => IsReplyIndex(_fields.Text(_octets.Span, "Thread-Index"u8));

    /// <summary>Whether it is bulk mail: it has List-Unsubscribe (RFC 2369) or Feedback-ID.</summary>
    public bool IsBulkStream =>
        _fields.Find(_octets.Span, "List-Unsubscribe"u8) is not null || _fields.Find(_octets.Span, "Feedback-ID"u8) is not null;

    /// <summary>
    /// Whether a list server writes about the list's own business, judged by its field or by the address for commands
    /// and bounces.
    /// </summary>
    public bool IsListAdministrivia { get; }

    /// <summary>Whether it asks for no auto-replies, as Exchange and ticket systems do on their own automatic mail.</summary>
    public bool SuppressesAnswers => _fields.Find(_octets.Span, "X-Auto-Response-Suppress"u8) is not null;

    /// <summary>
    /// The kinds of replies that it asks not to get (MS-OXCMAIL §2.1.3.2.4), such as <c>OOF, AutoReply</c>; or empty.
    /// </summary>
    public string SuppressedAnswers => _fields.Text(_octets.Span, "X-Auto-Response-Suppress"u8) ?? "";

    /// <summary>Whether it has a list's field (RFC 2369, RFC 2919).</summary>
    public bool HasListField
    {
        get
        {
            foreach (var one in _fields)
            {
                if (one.NameLength > 5 && Ascii.EqualsIgnoreCase(one.Name(_octets.Span)[..5], "List-"u8))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>
    /// Whether it came to an address for bounces, such as <c>news-bounces@</c> or <c>bounce+me=example.org@</c>.
    /// </summary>
    public bool IsToBounceAddress =>
        To.Any(t => t.AsSpan(0, t.IndexOf('@', StringComparison.Ordinal)).Contains("bounce", StringComparison.OrdinalIgnoreCase));

    public string Mailer { get; }

    /// <summary>A field that only one kind of automatic mail has, or null.</summary>
    public WordingHit? Field { get; }

    /// <summary>Whether a mail server wrote it, judged by address or name.</summary>
    public bool IsFromDaemon { get; }

    /// <summary>Whether it comes from mailer-daemon, a name that no person uses.</summary>
    public bool IsFromMailerDaemon { get; }

    /// <summary>Whether it comes from an address of a mail server or its administrator; a name alone is not enough.</summary>
    public bool HasServerAddress { get; }

    /// <summary>
    /// Whether a virus or content scanner wrote it, judged by its address, its program, or its name with a mail
    /// server's address.
    /// </summary>
    public bool IsFromScanner { get; }

    /// <summary>Whether X-Mailer names a scanner's program.</summary>
    public bool HasScannerProgram { get; }

    /// <summary>Whether the sender's name is that of a mail scanner, which no shop and no person has.</summary>
    public bool HasScannerName { get; }

    /// <summary>Whether it was written with a person's mail program.</summary>
    public bool IsFromPerson { get; }

    public IReadOnlyList<WordingHit> SubjectHits { get; }

    /// <summary>Whether it is an auto-reply by its own declaration (RFC 3834 §5).</summary>
    public bool IsAutoReplied =>
        AutoSubmitted.StartsWith("auto-replied", StringComparison.Ordinal) || Precedence is "auto_reply" or "auto-reply";

    /// <summary>Whether the body must be read at all: without any of these signs the message is ordinary mail.</summary>
    public bool MayBeAutomatic =>
        NullReversePath == true || IsFromDaemon || IsFromScanner || FailedRecipients.Count > 0 || Field is not null || SubjectHits.Count > 0
        || IsToBounceAddress || IsListAdministrivia || CloudNotice.IsFrom(From) || AutoSubmitted is not ("" or "no")
        || Precedence is "auto_reply" or "auto-reply" or "junk";

    /// <summary>The host in a daemon's address: the reporting server, if the report does not name one.</summary>
    public string? DaemonHost => IsFromDaemon && From?.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? From[(at + 1)..] : null;

    private bool IsScanner() => Senders.IsScannerAddress(From) || HasScannerProgram
        || (HasServerAddress && Senders.ScannerWords.Has(FromText)) || (HasScannerName && (HasServerAddress || NullReversePath == true));

    // Twenty-two octets identify the thread; each reply adds five (MS-OXOMSG §2.2.1.3).
    private static bool IsReplyIndex(string? index)
    {
        const int thread = 22;
        Span<byte> octets = stackalloc byte[64];
        return index is not null && index.Length <= 80 && Convert.TryFromBase64String(index.Trim(), octets, out var length)
            && length > thread;
    }

    // qmail marks its bounces: "Received: (qmail 53818 invoked for bounce)".
    private static bool IsReceivedForBounce(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Is(message, "Received"u8) && field.RawBody(message).IndexOf("invoked for bounce"u8) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
