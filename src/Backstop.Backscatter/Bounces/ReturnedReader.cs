using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Finds the returned message's header: in a part of its own, in a separate text, or quoted in the report's text.
/// </summary>
internal static class ReturnedReader
{
    // Each try reads on from its position: without a limit, a text of bare "From:" lines would take quadratic time.
    private const int MaxTries = 8;
    private const int MaxReceived = 30;

    private static readonly byte[][] _telling =
    [
        "Message-ID"u8.ToArray(), "From"u8.ToArray(), "To"u8.ToArray(), "Subject"u8.ToArray(), "Date"u8.ToArray(), "Received"u8.ToArray(),
        "Return-Path"u8.ToArray(), "MIME-Version"u8.ToArray(), "DKIM-Signature"u8.ToArray(), "X-Original-To"u8.ToArray(),
        "Delivered-To"u8.ToArray(),
    ];

    /// <summary>Whether a part is meant to contain a returned message or its header.</summary>
    public static bool IsCarrier(MimePart part) =>
        part.Depth > 0
            && (
            part.Type.IsMessage || part.Type.IsHeaderOnly
                || part.Type.MediaType is "message/partial" or "text/rfc822" or "application/rfc822");

    /// <summary>Returns the best result of all places: the first with a Message-ID, else the first with anything.</summary>
    public static ReturnedMessage Find(BounceContent content)
    {
        var best = ReturnedMessage.Nothing;
        foreach (var candidate in Candidates(content))
        {
            if (candidate.MessageId is not null)
            {
                return candidate;
            }

            best = best.Carrier == "none" ? candidate : best;
        }

        return best;
    }

    /// <summary>Returns the returned message from a header quoted in the text.</summary>
    /// <param name="text">The text after its transfer encoding was undone.</param>
    /// <param name="start">The offset of the quoted message; the text's length if there is none, or only a
    /// summary.</param>
    public static ReturnedMessage FromText(ReadOnlySpan<byte> text, out int start)
    {
        var fields = new List<HeaderField>();
        var summary = ReturnedMessage.Nothing;
        var tries = 0;
        for (var at = 0; at < text.Length && tries < MaxTries; at = HeaderScan.LineEnd(text, at))
        {
            if (!StartsTelling(Unquoted(text[at..])))
            {
                continue;
            }

            tries++;
            var block = Unquote(text[at..]);
            fields.Clear();
            var end = HeaderScan.ScanLoose(block, fields);
            if (CountTelling(block, fields) < 2)
            {
                continue;
            }

            var found = Make(block[..Math.Min(end, block.Length)].ToArray(), fields, "quoted");
            if (IsWholeHeader(block, fields))
            {
                start = at;
                return found.MessageId is null && summary.MessageId is not null ? summary : found;
            }

            // "Your message / To: ... / Subject: ..." summarises the message, and the report continues behind it.
            summary = summary.MessageId is null && (summary.Carrier == "none" || found.MessageId is not null) ? found : summary;
        }

        start = text.Length;
        return summary;
    }

    /// <summary>Returns the message with the id that the report names, if the message itself has none.</summary>
    /// <param name="returned">The returned message.</param>
    /// <param name="id">The id, or null.</param>
    public static ReturnedMessage Named(ReturnedMessage returned, string? id) =>
        returned.MessageId is not null || id is null
            ? returned
            : returned with { MessageId = id, Carrier = returned.Carrier == "none" ? "quoted" : returned.Carrier };

    private static IEnumerable<ReturnedMessage> Candidates(BounceContent content)
    {
        foreach (var part in content.Parts.Where(IsCarrier))
        {
            yield return FromPart(content.Message, part);
        }

        yield return content.Quoted;

        foreach (
            var part in content.Parts.Where(p =>
                p.Depth > 0 && (
                    p.Type.MediaType == "text/plain"
                    || p.Type.MediaType == "application/octet-stream" && p.FileName is not null)).Skip(1).Take(4))
        {
            yield return FromText(Encoding.UTF8.GetBytes(PartText.Read(content.Message, part, BounceClassifier.MaxText)), out _);
        }

        yield return FromText(content.RawBody.Span, out _);
    }

    private static ReturnedMessage FromPart(ReadOnlyMemory<byte> message, MimePart part)
    {
        var content = PartText.Decode(message[part.BodyStart..part.BodyEnd], part.TransferEncoding, BounceClassifier.MaxText);
        var skipped = content.Length - content.Span.TrimStart("\r\n"u8).Length;
        content = content[skipped..];
        var fields = new List<HeaderField>();
        var end = HeaderScan.ScanLoose(content.Span, fields);
        return Make(content[..end], fields, part.Type.IsHeaderOnly ? "text/rfc822-headers" : "message/rfc822");
    }

    private static ReturnedMessage Make(ReadOnlyMemory<byte> header, List<HeaderField> fields, string carrier)
    {
        if (fields.Count == 0)
        {
            return ReturnedMessage.Nothing;
        }

        var content = header.Span;
        var subject = fields.Text(content, "Subject"u8);
        var received = new List<string>();
        foreach (var field in fields)
        {
            if (received.Count < MaxReceived && field.Is(content, "Received"u8))
            {
                received.Add(field.Body(content));
            }
        }

        return new(
            MessageIds.Only(fields.Text(content, "Message-ID"u8)),
            Address(fields.Text(content, "From"u8)),
            Address(fields.Text(content, "To"u8)),
            subject is null ? null : HeaderText.Decode(subject),
            fields.Text(content, "Date"u8),
            carrier)
        {
            ReturnPath = Address(fields.Text(content, "Return-Path"u8)),
            Received = received,
            HasDkimSignature = fields.Find(content, "DKIM-Signature"u8) is not null,
            Header = header,
        };
    }

    private static string? Address(string? body) => body is null ? null : HeaderText.FirstAddress(body);

    private static bool StartsTelling(ReadOnlySpan<byte> line)
    {
        foreach (var name in _telling)
        {
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return true;
            }
        }

        return false;
    }

    // A message that passed through servers, not just four lines that describe one.
    private static bool IsWholeHeader(ReadOnlySpan<byte> block, List<HeaderField> fields) =>
        fields.Find(block, "Received"u8) is not null || fields.Find(block, "Return-Path"u8) is not null
            || fields.Find(block, "MIME-Version"u8) is not null
        || fields.Find(block, "Content-Type"u8) is not null;

    private static int CountTelling(ReadOnlySpan<byte> block, List<HeaderField> fields)
    {
        var count = 0;
        foreach (var name in _telling)
        {
            count += fields.Find(block, name) is null ? 0 : 1;
        }

        return count;
    }

    private static ReadOnlySpan<byte> Unquoted(ReadOnlySpan<byte> line) => line.TrimStart("> \t|"u8);

    // Removes a common "> " or indent from every line of the block, so that folds are kept.
    private static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> block)
    {
        var prefix = block[..(block.Length - Unquoted(block).Length)];
        if (prefix.IsEmpty)
        {
            return block;
        }

        var plain = new List<byte>(Math.Min(block.Length, HeaderText.MaxBody));
        for (var at = 0; at < block.Length && plain.Count < HeaderText.MaxBody;)
        {
            var end = HeaderScan.LineEnd(block, at);
            var line = block[at..end];
            plain.AddRange(line.StartsWith(prefix) ? line[prefix.Length..] : line.TrimStart("> \t|"u8));
            at = end;
        }

        return plain.ToArray();
    }
}
