using System.Text;
using System.Text.Json;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Reads Amazon SES's notices of bounces and complaints, which come as JSON by mail through SNS: "Amazon SES
/// notification contents" in its developer guide.
/// </summary>
internal static class CloudNotice
{
    private const int MaxRecipients = 50;
    private const string Sender = "no-reply@sns.amazonaws.com";

    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 16, AllowTrailingCommas = true };

    /// <summary>Whether the address is Amazon's sender of notices: "Email notifications" in the guide to SNS.</summary>
    public static bool IsFrom(string? address) => string.Equals(address, Sender, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the report, or null if the text is not such a notice.</summary>
    public static BounceReport? Read(BounceContent content)
    {
        // A message that does not begin with an object is rejected here at no cost.
        if (!content.MayBeJson)
        {
            return null;
        }

        var text = content.Text.AsSpan().TrimStart("\r\n\t "u8);
        if (text.IsEmpty || text[0] != (byte)'{' || text.IndexOf("otificationType"u8) < 0 && text.IndexOf("eventType"u8) < 0)
        {
            return null;
        }

        // SNS adds an unsubscribe text behind the object, and mail breaks its lines.
        var reader = new Utf8JsonReader(Joined(text), new JsonReaderOptions { MaxDepth = _options.MaxDepth });
        try
        {
            using var document = JsonDocument.ParseValue(ref reader);
            return Read(content, document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second case is a string that is not text: half of a surrogate pair.
            return null;
        }
    }

    // The SNS message contains the notice as a string.
    private static BounceReport? Read(BounceContent content, JsonElement root)
    {
        if (Text(root, "Message") is not { } message)
        {
            return Report(content, root);
        }

        using var inner = JsonDocument.Parse(message, _options);
        return Report(content, inner.RootElement);
    }

    private static byte[] Joined(ReadOnlySpan<byte> text)
    {
        var joined = new byte[text.Length];
        var length = 0;
        foreach (var b in text)
        {
            if (b is not ((byte)'\r' or (byte)'\n'))
            {
                joined[length++] = b;
            }
        }

        return joined[..length];
    }

    private static BounceReport? Report(BounceContent content, JsonElement notice)
    {
        var type = Text(notice, "notificationType") ?? Text(notice, "eventType");
        (MailKind Kind, string Object, string List)? shape = type?.ToLowerInvariant() switch
        {
            "bounce" => (MailKind.Bounce, "bounce", "bouncedRecipients"),
            "complaint" => (MailKind.FeedbackReport, "complaint", "complainedRecipients"),
            "deliverydelay" => (MailKind.Delay, "deliveryDelay", "delayedRecipients"),
            "delivery" => (MailKind.SuccessReport, "delivery", "recipients"),
            _ => null,
        };
        if (shape is not { } s)
        {
            return null;
        }

        // People and programs forward such text, to ask about it or to open a ticket.
        var recipients = Recipients(notice, s.Object, s.List, s.Kind);
        var report = content.Report(
            s.Kind, "amazonses", recipients, Returned(notice), [$"a notice of Amazon SES of type {type}"], "amazonses.com");
        return report with { IsCertain = IsFrom(content.Header.From) };
    }

    private static List<ReportedRecipient> Recipients(JsonElement root, string name, string list, MailKind kind)
    {
        var recipients = new List<ReportedRecipient>();
        if (!Object(root, name, out var report) || !report.TryGetProperty(list, out var items) || items.ValueKind != JsonValueKind.Array)
        {
            return recipients;
        }

        var action = kind switch { MailKind.Bounce => "failed", MailKind.Delay => "delayed", _ => "delivered" };
        foreach (var item in items.EnumerateArray().Take(MaxRecipients))
        {
            var address = item.ValueKind == JsonValueKind.String ? item.GetString() : Text(item, "emailAddress");
            if (address is not null)
            {
                var said = item.ValueKind == JsonValueKind.Object ? Text(item, "diagnosticCode") : null;
                var status = item.ValueKind == JsonValueKind.Object ? Text(item, "status") : null;
                recipients.Add(new(address, action, status, said) { ReportText = Text(report, "bounceSubType") ?? "" });
            }
        }

        return recipients;
    }

    // The Message-ID in the original header; Amazon replaces it with its own, and that is what recipients see.
    private static ReturnedMessage Returned(JsonElement root)
    {
        if (!Object(root, "mail", out var mail))
        {
            return ReturnedMessage.Nothing;
        }

        Object(mail, "commonHeaders", out var common);
        return new(
            MessageIds.Only(Header(mail, "Message-ID") ?? Text(common, "messageId") ?? Text(mail, "messageId")),
            HeaderText.FirstAddress(Header(mail, "From") ?? Text(mail, "source") ?? ""),
            HeaderText.FirstAddress(Header(mail, "To") ?? ""),
            Text(common, "subject") ?? Header(mail, "Subject"),
            Text(common, "date") ?? Header(mail, "Date") ?? Text(mail, "timestamp"),
            "quoted")
        {
            Header = Encoding.UTF8.GetBytes(string.Concat(Headers(mail).Select(h => $"{h.Name}: {h.Value}\r\n"))),
        };
    }

    private static string? Header(JsonElement mail, string name) =>
        Headers(mail).FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static IEnumerable<(string Name, string Value)> Headers(JsonElement mail)
    {
        if (!mail.TryGetProperty("headers", out var headers) || headers.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        foreach (var header in headers.EnumerateArray())
        {
            if (header.ValueKind == JsonValueKind.Object && Text(header, "name") is { } name && Text(header, "value") is { } value
                && !value.AsSpan().ContainsAny('\r', '\n'))
            {
                yield return (name, value);
            }
        }
    }

    private static bool Object(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value)
            && value.ValueKind == JsonValueKind.Object;
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
