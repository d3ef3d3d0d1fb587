namespace Backstop.Backscatter.Bounces;

/// <summary>Finds the failed recipients of a report without fields: the addresses where servers put them.</summary>
internal static class FailedRecipients
{
    private const int MaxDiagnostic = 400;
    private const int MaxLines = 400;

    // The most lines of text between an address and its reply: servers often write there which server replied.
    private const int Beside = 2;

    // An address behind these words at the start of a line is not the recipient, or is an id.
    private static readonly string[] _notRecipients =
    [
        "From", "Return-Path", "Sender", "Reply-To", "Message-I", "Subject", "References", "In-Reply-To", "Errors-To",
        "MAIL FROM", ">>> MAIL", "Received", "X-",
        "for help", "contact", "please", "Content-",
    ];

    private static readonly string[] _beforeRecipient =
    [
        "RCPT TO", ">>> RCPT", "Recipient", "Final-Recipient", "Original-Recipient", "X-Failed-Recipients", "To:", "Failed",
        "Unknown", "User", "Invalid", "Could not", "Unable to", "Error",
        "Delivery to", "Delivery failed", "550", "553", "554", "552", "551", "501", "addressed to", "<<<",
    ];

    /// <summary>Finds the failed recipients.</summary>
    /// <param name="content">The report.</param>
    /// <param name="action">The action that the report states for them.</param>
    public static List<ReportedRecipient> Find(BounceContent content, string action)
    {
        var addresses = content.Header.FailedRecipients.Count > 0 ? content.Header.FailedRecipients : InText(content);
        if (addresses.Count == 0)
        {
            addresses = content.Returned.To is { } to ? [to] : [.. TextAddresses.Find(content.Human).Take(1)];
        }

        (string? Status, StatusSource Source)? ofText = null;
        return [.. addresses.Select(address =>
        {
            var diagnostic = DiagnosticOf(content.Human, address, addresses);
            var (status, source) = StatusWords.Of(diagnostic ?? "", action);
            (status, source) = status is null ? ofText ??= StatusWords.Of(content.Words, action) : (status, source);
            return new ReportedRecipient(address, action, status, diagnostic) { StatusSource = source };
        })];
    }

    /// <summary>Returns the recipients of a report that names none: the sender of a receipt has read the message.</summary>
    public static List<ReportedRecipient> OfReport(BounceContent content, MailKind kind) =>
        kind != MailKind.Mdn ? Find(content, "failed") : content.Header.From is { } from ? [new(from, "delivered", null, null)] : [];

    /// <summary>
    /// Whether an address stands where servers put a failed recipient: at the start of a line, or there in brackets.
    /// </summary>
    public static bool StandsAlone(ReadOnlySpan<char> text, string address)
    {
        foreach (var range in text.Split('\n'))
        {
            if (text[range].Trim(" \t\r>*-<(").StartsWith(address, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static List<string> InText(BounceContent content) =>
        content.AddressesInText.Placed is { Count: > 0 } placed ? placed : content.AddressesInText.Elsewhere;

    /// <summary>
    /// Finds the addresses. Costs a pass over the text; <see cref="BounceContent.AddressesInText"/> caches the result.
    /// </summary>
    public static AddressesInText Read(BounceContent content)
    {
        var found = new AddressesInText([], []);
        var lines = 0;
        var (sinceAddress, sinceReply) = (Beside + 1, Beside + 1);
        foreach (var range in content.Human.AsSpan().Split('\n'))
        {
            var line = content.Human.AsSpan(range).Trim(" \t\r>*-");
            if (++lines > MaxLines || found.Placed.Count >= TextAddresses.MaxAddresses)
            {
                break;
            }

            if (line.IsEmpty)
            {
                continue;
            }

            var hasAddress = line.IndexOf('@') >= 0 && !StartsWithAny(line, _notRecipients) && !IdLabels.Begin(line)
                && ReadLine(content, line, found);
            sinceAddress = hasAddress ? 0 : sinceAddress + 1;
            sinceReply = !found.HasReply && StatusWords.HasReply(line) ? 0 : sinceReply + 1;
            found.HasReply |= Math.Max(sinceAddress, sinceReply) <= Beside;
        }

        return found;
    }

    private static bool ReadLine(BounceContent content, ReadOnlySpan<char> line, AddressesInText found)
    {
        var any = false;
        foreach (var address in TextAddresses.Find(line))
        {
            if (!IsNoRecipient(content, address))
            {
                any = true;
                Add(IsPlace(line, address) ? found.Placed : found.Elsewhere, address);
            }
        }

        return any;
    }

    private static void Add(List<string> addresses, string address)
    {
        if (addresses.Count < TextAddresses.MaxAddresses && !addresses.Contains(address, StringComparer.OrdinalIgnoreCase))
        {
            addresses.Add(address);
        }
    }

    // Servers put the address at the start of the line: alone, in brackets, or behind a word for it.
    private static bool IsPlace(ReadOnlySpan<char> line, string address) =>
        line.StartsWith(address, StringComparison.OrdinalIgnoreCase) || line[0] == '<'
            || (line[0] == '(' && line.IndexOf(address, StringComparison.OrdinalIgnoreCase) == 1)
        || StartsWithAny(line, _beforeRecipient);

    // The report's own sender, and the supposed sender of the returned message. If somebody wrote to themselves, the
    // returned To names the recipient.
    private static bool IsNoRecipient(BounceContent content, string address) =>
        Same(address, content.Header.From) || Same(address, content.Returned.From)
            || content.Header.To.Contains(address, StringComparer.OrdinalIgnoreCase)
        || Senders.IsDaemon(address, "");

    private static bool Same(string address, string? other) => address.Equals(other, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Returns the text behind the address up to the next empty line or recipient, which contains the remote server's
    /// reply. Null if there is none.
    /// </summary>
    /// <param name="human">The report's text.</param>
    /// <param name="address">The recipient's address.</param>
    /// <param name="addresses">All recipients' addresses.</param>
    public static string? DiagnosticOf(string human, string address, IReadOnlyList<string> addresses)
    {
        var at = address.Length == 0 ? -1 : human.IndexOf(address, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        var rest = human.AsSpan(at + address.Length).TrimStart(">:,. \t\r\n)");
        var end = rest.IndexOf("\n\n");
        end = end < 0 ? rest.IndexOf("\n\r\n") : end;
        rest = rest[..Math.Min(end < 0 ? rest.Length : end, MaxDiagnostic)];
        rest = rest[..NextRecipient(rest, address, addresses)];
        var said = string.Join(
            ' ', rest.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return said.Length == 0 ? null : said;
    }

    // Finds where, after some words, a line begins with another recipient. Several addresses may precede the words
    // about all of them.
    private static int NextRecipient(ReadOnlySpan<char> text, string address, IReadOnlyList<string> addresses)
    {
        for (var line = addresses.Count < 2 ? -1 : text.IndexOf('\n'); line >= 0;)
        {
            var start = text[line..].TrimStart("\r\n\t <(");
            foreach (var other in addresses)
            {
                if (start.StartsWith(other, StringComparison.OrdinalIgnoreCase) && !Same(other, address) && text[..line].Contains(' '))
                {
                    return line;
                }
            }

            var next = text[(line + 1)..].IndexOf('\n');
            line = next < 0 ? -1 : line + 1 + next;
        }

        return text.Length;
    }

    private static bool StartsWithAny(ReadOnlySpan<char> line, string[] words)
    {
        foreach (var word in words)
        {
            if (line.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
