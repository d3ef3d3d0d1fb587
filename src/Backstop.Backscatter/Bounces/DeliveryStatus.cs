using System.Globalization;
using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>The fields of a message/delivery-status part, RFC 3464 §2.</summary>
/// <param name="ReportingMta">RFC 3464 §2.2.2, without its type; or null.</param>
/// <param name="Recipients">The recipients, in order.</param>
/// <param name="OriginalId">The Message-ID of the failed message, for reports that return nothing of it; or
/// null.</param>
internal sealed record DeliveryStatus(string? ReportingMta, List<ReportedRecipient> Recipients, string? OriginalId)
{
    private const int MaxRecipients = 50;

    private static readonly byte[][] _first = [
        "Reporting-MTA:"u8.ToArray(), "Final-Recipient:"u8.ToArray(), "Original-Recipient:"u8.ToArray(), "Action:"u8.ToArray()];

    /// <summary>Reads the groups of fields; lines that are not fields are skipped.</summary>
    public static DeliveryStatus Read(ReadOnlySpan<byte> content)
    {
        var recipients = new List<ReportedRecipient>();
        var group = new List<HeaderField>();
        string? reportingMta = null;
        string? originalId = null;
        string? envelopeId = null;
        while (!content.IsEmpty && recipients.Count < MaxRecipients)
        {
            content = content.TrimStart("\r\n"u8);
            group.Clear();
            var end = HeaderScan.Scan(content, group);
            if (end == 0)
            {
                // A line that is not a field: skip it, but not the rest.
                var line = content.IndexOf((byte)'\n');
                content = line < 0 ? [] : content[(line + 1)..];
                continue;
            }

            reportingMta ??= group.Text(content, "Reporting-MTA"u8) is { } mta ? AfterType(mta) : null;
            originalId ??= OriginalMessageId(content, group);
            envelopeId ??= MessageIds.OfEnvelope(group.Text(content, "Original-Envelope-Id"u8));
            if (ReadGroup(content, group) is { } recipient)
            {
                recipients.Add(recipient);
            }

            content = content[end..];
        }

        return new(reportingMta, recipients, originalId ?? envelopeId);
    }

    /// <summary>
    /// Returns the offset at which such fields begin in a text, or -1: one of their names at the start of a line.
    /// </summary>
    public static int Find(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at < text.Length; at = HeaderScan.LineEnd(text, at))
        {
            foreach (var name in _first)
            {
                if (text.Length - at > name.Length && Ascii.EqualsIgnoreCase(text.Slice(at, name.Length), name))
                {
                    return at;
                }
            }
        }

        return -1;
    }

    // RFC 3464 §2.4 allows additional fields: Gmail writes the first; others use the name that RFC 8098 §3.2.5 defines
    // for receipts.
    private static string? OriginalMessageId(ReadOnlySpan<byte> content, List<HeaderField> group) =>
        MessageIds.Only(group.Text(content, "X-Original-Message-ID"u8)) ?? MessageIds.Only(group.Text(content, "Original-Message-ID"u8));

    private static ReportedRecipient? ReadGroup(ReadOnlySpan<byte> content, List<HeaderField> group)
    {
        var final = group.Text(content, "Final-Recipient"u8);
        var address = Address(final) ?? Address(group.Text(content, "Original-Recipient"u8))
            ?? Address(group.Text(content, "X-Actual-Recipient"u8))
            ?? (final is null ? null : AfterType(final).Trim('<', '>', ' '));
        var action = Word(group.Text(content, "Action"u8));
        var status = Word(group.Text(content, "Status"u8));
        if (address is null && action is null)
        {
            return null;
        }

        // RFC 3464 §2.3.3 defines five actions. An unknown or cut one tells as little as none.
        action = action is "failed" or "delayed" or "delivered" or "relayed" or "expanded" ? action : null;
        action ??= status?.StartsWith('4') == true ? "delayed" : status?.StartsWith('2') == true ? "delivered" : "failed";
        var diagnostic = group.Text(content, "Diagnostic-Code"u8);
        return new(address ?? "", action, status, diagnostic is null ? null : AfterType(diagnostic));
    }

    /// <summary>
    /// Returns the address in a recipient field, or null. RFC 3464 §2.3.1: address-type ";" generic-address; RFC 6533
    /// §3 adds utf-8.
    /// </summary>
    public static string? Address(string? body)
    {
        if (body is null)
        {
            return null;
        }

        var address = AfterType(body);
        address = body.StartsWith("utf-8", StringComparison.OrdinalIgnoreCase) ? Unescape(address) : address;
        address = (HeaderText.FirstAddress(address) ?? address).Trim('<', '>', ' ', '\'');

        // RFC 5321 §4.1.2: a source route stands before the address and is ignored.
        address = address.StartsWith('@') && address.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
            ? address[(colon + 1)..]
            : address;
        return address.IndexOf('@', StringComparison.Ordinal) > 0 ? address : null;
    }

    // RFC 6533 §3: \x{HEX} where the channel was not UTF-8.
    private static string Unescape(string address)
    {
        if (!address.Contains("\\x{", StringComparison.Ordinal))
        {
            return address;
        }

        var plain = new StringBuilder();
        for (var at = 0; at < address.Length; at++)
        {
            var close = address.IndexOf('}', at);
            if (address.AsSpan(at).StartsWith("\\x{") && close > 0
                && int.TryParse(
                address.AsSpan(at + 3, close - at - 3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                && Rune.IsValid(code))
            {
                plain.Append(new Rune(code).ToString());
                at = close;
            }
            else
            {
                plain.Append(address[at]);
            }
        }

        return plain.ToString();
    }

    private static string AfterType(string body)
    {
        var semicolon = body.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? body : body[(semicolon + 1)..]).Trim();
    }

    // The first word: comments such as "5.1.1 (user unknown)" are dropped.
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
