using System.Buffers;
using System.Text;
using Backstop.Mailboxes.Mbox;

namespace Backstop.Mailboxes.Local;

/// <summary>Converts a message into the octets that are written.</summary>
internal static class LocalText
{
    // RFC 5321 §4.5.3.1: a path is at most 256 octets.
    private const int MaxAddress = 256;

    /// <summary>Returns the octets for a file of its own: a Maildir has no separators, and the end stays as received.</summary>
    public static ReadOnlyMemory<byte> ForDirectory(LocalMail mail, LocalFolders.Kind kind)
    {
        var text = mail.Whole;
        if (kind == LocalFolders.Kind.Maildir)
        {
            return mail.HasHeader ? text[FromLineLength(text.Span)..] : text;
        }

        return mail.IsRaw || text.Span.EndsWith("\n\n"u8) ? text : (byte[])[.. text.Span, (byte)'\n'];
    }

    /// <summary>
    /// Returns the octets for an mbox: lines that look like separators are quoted, and an empty line is added at the
    /// end.
    /// </summary>
    public static ReadOnlyMemory<byte> ForMbox(LocalMail mail, LocalRules rules, DateTimeOffset now)
    {
        if (mail.IsRaw)
        {
            return mail.Whole;
        }

        var text = mail.Whole.Span;
        var output = new ArrayBufferWriter<byte>(text.Length + 256);
        var from = mail.HasHeader ? FromLineLength(text) : 0;
        if (mail.HasHeader && from == 0 && rules.AddsFromLine && text.Length > 0)
        {
            output.Write(FromLine(text, now));
        }

        output.Write(text[..from]);
        if (mail.HasHeader && !rules.IgnoresContentLength && ContentLength.Correct(text, from, out var covered) is { } header)
        {
            Quote(header, output);
            var body = text[(from + header.Length)..];
            covered = Math.Min(covered, body.Length);
            output.Write(body[..covered]);
            QuoteRest(body, covered, output);
        }
        else
        {
            Quote(text[from..], output);
        }

        if (!text.EndsWith("\n\n"u8))
        {
            output.Write("\n"u8);
        }

        return output.WrittenMemory;
    }

    public static int FromLineLength(ReadOnlySpan<byte> text) =>
        text.StartsWith("From "u8) ? text.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : text.Length : 0;

    // A line that began before the covered octets end is not tested again as the start of a line.
    private static void QuoteRest(ReadOnlySpan<byte> body, int at, ArrayBufferWriter<byte> output)
    {
        var line = at == 0 || body[at - 1] == '\n' ? 0 : body[at..].IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : body.Length - at;
        output.Write(body.Slice(at, line));
        Quote(body[(at + line)..], output);
    }

    private static void Quote(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output)
    {
        while (!text.IsEmpty)
        {
            var next = text.StartsWith("From "u8) ? 0 : text.IndexOf("\nFrom "u8) is >= 0 and var at ? at + 1 : -1;
            if (next < 0)
            {
                break;
            }

            output.Write(text[..next]);
            output.Write(">From "u8);
            text = text[(next + "From ".Length)..];
        }

        output.Write(text);
    }

    // RFC 4155: the separator names the reverse-path and the time of delivery. Where nobody has told the envelope, the author is nearer
    // to it than a name that makes a bounce of the mail.
    private static byte[] FromLine(ReadOnlySpan<byte> text, DateTimeOffset now)
    {
        var sender = Field(text, "Return-Path:"u8) is { } path ? path.Trim('<', '>', ' ') : AddressOf(Field(text, "From:"u8) ?? "");
        return Encoding.Latin1.GetBytes(MboxSeparator.Line(sender, now.ToUniversalTime()));
    }

    private static string AddressOf(string mailbox)
    {
        var open = mailbox.LastIndexOf('<');
        var close = open < 0 ? -1 : mailbox.IndexOf('>', open);
        var address = close > open ? mailbox[(open + 1)..close] : mailbox.Split(' ', '(', ',')[0];
        return address.Contains('@', StringComparison.Ordinal) && address.Length <= MaxAddress ? address : "";
    }

    private static string? Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        for (var at = 0; at < text.Length && text[at] != '\n';)
        {
            var line = text[at..];
            line = line[..(line.IndexOf((byte)'\n') is >= 0 and var end ? end : line.Length)];
            if (line.Length >= name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return Encoding.Latin1.GetString(line[name.Length..]).Trim(' ', '\t', '\r');
            }

            at += line.Length + 1;
        }

        return null;
    }
}
