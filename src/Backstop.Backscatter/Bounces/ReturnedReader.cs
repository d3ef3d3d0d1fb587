using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>Finds the returned message's header: in a part of its own, or quoted somewhere in the text.</summary>
internal static class ReturnedReader
{
    // Each try reads on from where it stands: without a bound, text made of lone "From:" lines would cost the square of its length.
    private const int MaxTries = 20;

    private static readonly byte[][] _telling =
    [
        "Message-ID"u8.ToArray(), "From"u8.ToArray(), "To"u8.ToArray(), "Subject"u8.ToArray(), "Date"u8.ToArray(), "Received"u8.ToArray(),
        "Return-Path"u8.ToArray(), "MIME-Version"u8.ToArray(),
    ];

    /// <summary>From a message/rfc822 or text/rfc822-headers part.</summary>
    public static ReturnedMessage FromPart(ReadOnlyMemory<byte> message, MimePart part)
    {
        var content = PartText.Decode(message[part.BodyStart..part.BodyEnd], part.TransferEncoding, BounceClassifier.MaxText).Span;
        content = content.TrimStart("\r\n"u8);
        var fields = new List<HeaderField>();
        HeaderScan.Scan(content, fields);
        return Make(content, fields, part.Type.IsMessage ? "message/rfc822" : "text/rfc822-headers");
    }

    /// <summary>From a header that is quoted in the text.</summary>
    /// <param name="text">The text after its transfer encoding was undone.</param>
    /// <param name="start">Where the quoted header begins; the text's length where there is none.</param>
    public static ReturnedMessage FromText(ReadOnlySpan<byte> text, out int start)
    {
        var fields = new List<HeaderField>();
        var tries = 0;
        for (start = 0; start < text.Length && tries < MaxTries; start = HeaderScan.LineEnd(text, start))
        {
            if (!StartsTelling(Unquoted(text[start..])))
            {
                continue;
            }

            tries++;
            var block = Unquote(text[start..]);
            fields.Clear();
            HeaderScan.Scan(block, fields);
            if (CountTelling(block, fields) >= 2)
            {
                return Make(block, fields, "quoted");
            }
        }

        start = text.Length;
        return ReturnedMessage.Nothing;
    }

    private static ReturnedMessage Make(ReadOnlySpan<byte> content, List<HeaderField> fields, string carrier)
    {
        if (fields.Count == 0)
        {
            return ReturnedMessage.Nothing;
        }

        var subject = fields.Text(content, "Subject"u8);
        return new(
            MessageIds.First(fields.Text(content, "Message-ID"u8)),
            Address(fields.Text(content, "From"u8)),
            Address(fields.Text(content, "To"u8)),
            subject is null ? null : HeaderText.Decode(subject),
            fields.Text(content, "Date"u8),
            carrier);
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

    // Takes a common "> " or indent off every line of the block, so that folds keep their meaning.
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
