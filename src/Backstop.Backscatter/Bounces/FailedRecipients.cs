namespace Backstop.Backscatter.Bounces;

/// <summary>Who a report without fields is about: the addresses that stand where servers put them.</summary>
internal static class FailedRecipients
{
    private const int MaxDiagnostic = 400;
    private const int MaxLines = 400;

    // Behind these words at a line's start stands somebody else's address, or an id that looks like one.
    private static readonly string[] _notRecipients =
    [
        "From", "Return-Path", "Sender", "Reply-To", "Message-I", "Subject", "References", "In-Reply-To", "Errors-To", "MAIL FROM", ">>> MAIL", "Received", "X-",
        "for help", "contact", "please", "Content-",
    ];

    private static readonly string[] _beforeRecipient =
    [
        "RCPT TO", ">>> RCPT", "Recipient", "Final-Recipient", "Original-Recipient", "X-Failed-Recipients", "To:", "Failed", "Unknown", "User", "Invalid", "Could not", "Unable to", "Error",
        "Delivery to", "550", "553", "554", "552", "551", "501", "addressed to", "<<<",
    ];

    /// <summary>Finds them.</summary>
    /// <param name="content">The report.</param>
    /// <param name="action">What the report says happened to them.</param>
    public static List<ReportedRecipient> Find(BounceContent content, string action)
    {
        var header = content.Header;
        if (header.FailedRecipients.Count > 0)
        {
            return Complete(content, header.FailedRecipients.Select(a => new ReportedRecipient(a, action, null, DiagnosticOf(content.Human, a))));
        }

        var found = InText(content, action);
        if (found.Count == 0 && content.Returned.To is { } to)
        {
            found.Add(new(to, action, null, null));
        }

        if (found.Count == 0 && TextAddresses.Find(content.Human) is [var any, ..])
        {
            found.Add(new(any, action, null, null));
        }

        return Complete(content, found);
    }

    private static List<ReportedRecipient> InText(BounceContent content, string action)
    {
        var placed = new List<ReportedRecipient>();
        var elsewhere = new List<ReportedRecipient>();
        var lines = 0;
        foreach (var range in content.Human.AsSpan().Split('\n'))
        {
            var line = content.Human.AsSpan(range).Trim(" \t\r>*-");
            if (++lines > MaxLines || line.IndexOf('@') < 0 || StartsWithAny(line, _notRecipients))
            {
                continue;
            }

            foreach (var address in TextAddresses.Find(line))
            {
                if (!IsSomebodyElse(content, address))
                {
                    (IsPlace(line, address) ? placed : elsewhere).Add(new(address, action, null, DiagnosticOf(content.Human, address)));
                }
            }
        }

        return [.. (placed.Count > 0 ? placed : elsewhere).DistinctBy(r => r.Address, StringComparer.OrdinalIgnoreCase).Take(TextAddresses.MaxAddresses)];
    }

    // Servers put the address at the line's start, alone, in brackets, or behind a word for it.
    private static bool IsPlace(ReadOnlySpan<char> line, string address) =>
        line.StartsWith(address, StringComparison.OrdinalIgnoreCase) || line[0] == '<' || line[0] == '(' && line.IndexOf(address, StringComparison.OrdinalIgnoreCase) == 1
        || StartsWithAny(line, _beforeRecipient);

    // The report's own sender and the supposed sender of what it returns. Somebody who wrote to himself is named by the returned To.
    private static bool IsSomebodyElse(BounceContent content, string address) =>
        Same(address, content.Header.From) || Same(address, content.Returned.From) || content.Header.To.Contains(address, StringComparer.OrdinalIgnoreCase)
        || Senders.IsDaemon(address, "");

    private static bool Same(string address, string? other) => address.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static List<ReportedRecipient> Complete(BounceContent content, IEnumerable<ReportedRecipient> found) =>
        [.. found.Select(r => StatusWords.Complete(r, r.Diagnostic is { } said && StatusWords.Has(said) ? said : content.Words))];

    // What stands behind the address, up to the next empty line: there the remote server's words are.
    private static string? DiagnosticOf(string human, string address)
    {
        var at = human.IndexOf(address, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        var rest = human.AsSpan(at + address.Length).TrimStart(">:,. \t\r\n)");
        var end = rest.IndexOf("\n\n");
        end = end < 0 ? rest.IndexOf("\n\r\n") : end;
        rest = rest[..Math.Min(end < 0 ? rest.Length : end, MaxDiagnostic)];
        var said = string.Join(' ', rest.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return said.Length == 0 ? null : said;
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
