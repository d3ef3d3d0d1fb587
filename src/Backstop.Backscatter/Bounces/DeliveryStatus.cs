using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>Reads the fields of a message/delivery-status part, RFC 3464 §2.</summary>
internal static class DeliveryStatus
{
    private const int MaxRecipients = 50;

    /// <summary>The recipients, in order.</summary>
    public static List<ReportedRecipient> Read(ReadOnlySpan<byte> content)
    {
        var recipients = new List<ReportedRecipient>();
        var group = new List<HeaderField>();
        while (!content.IsEmpty && recipients.Count < MaxRecipients)
        {
            content = content.TrimStart("\r\n"u8);
            group.Clear();
            var end = HeaderScan.Scan(content, group);
            if (end == 0)
            {
                // A line that is no field: skip it rather than the rest.
                var line = content.IndexOf((byte)'\n');
                content = line < 0 ? [] : content[(line + 1)..];
                continue;
            }

            if (ReadGroup(content, group) is { } recipient)
            {
                recipients.Add(recipient);
            }

            content = content[end..];
        }

        return recipients;
    }

    private static ReportedRecipient? ReadGroup(ReadOnlySpan<byte> content, List<HeaderField> group)
    {
        var address = Address(group.Text(content, "Final-Recipient"u8)) ?? Address(group.Text(content, "Original-Recipient"u8));
        var action = Word(group.Text(content, "Action"u8));
        var status = Word(group.Text(content, "Status"u8));
        if (address is null && action is null)
        {
            return null;
        }

        // RFC 3464 §2.3.3 knows five actions. Another word, or half of one, says no more than none.
        action = action is "failed" or "delayed" or "delivered" or "relayed" or "expanded" ? action : null;
        action ??= status?.StartsWith('4') == true ? "delayed" : status?.StartsWith('2') == true ? "delivered" : "failed";
        var diagnostic = group.Text(content, "Diagnostic-Code"u8);
        return new(address ?? "", action, status, diagnostic is null ? null : AfterType(diagnostic));
    }

    // RFC 3464 §2.3.1: address-type ";" generic-address; RFC 6533 §3 adds utf-8.
    private static string? Address(string? body)
    {
        if (body is null)
        {
            return null;
        }

        var address = AfterType(body).Trim('<', '>', ' ');
        return address.Contains('@', StringComparison.Ordinal) ? address : null;
    }

    private static string AfterType(string body)
    {
        var semicolon = body.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? body : body[(semicolon + 1)..]).Trim();
    }

    // The first word; comments such as "5.1.1 (user unknown)" fall off.
    private static string? Word(string? body)
    {
        if (string.IsNullOrEmpty(body))
        {
            return null;
        }

        var end = body.AsSpan().IndexOfAny(' ', '(', '\t');
        return (end < 0 ? body : body[..end]).ToLowerInvariant();
    }
}
