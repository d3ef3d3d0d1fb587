using System.Buffers;
using System.Text;
using Backstop.Mailboxes.Mbox;

namespace Backstop.Mailboxes.Local;

/// <summary>Converts a message into the octets that are written.</summary>
internal static class LocalText
{
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
        if (mail.HasHeader && !rules.IgnoresContentLength && ContentLength.Correct(text, from) is { } header)
        {
            Quote(header, output);
            output.Write(text[(from + LengthOfHeader(text[from..]))..]);
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

    private static int LengthOfHeader(ReadOnlySpan<byte> text) => text.IndexOf("\n\n"u8) is >= 0 and var end ? end + 2 : text.Length;

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

    // RFC 4155: the separator names the reverse-path and the time of delivery.
    private static byte[] FromLine(ReadOnlySpan<byte> text, DateTimeOffset now)
    {
        var sender = "";
        if (text.StartsWith("Return-Path:"u8))
        {
            sender = Encoding.Latin1.GetString(
                text[
                    "Return-Path:".Length..(
                        text.IndexOf((byte)'\n') is >= 0 and var end ? end : text.Length)]).Trim(' ', '\t', '\r', '<', '>');
        }

        return Encoding.Latin1.GetBytes(MboxSeparator.Line(sender, now.ToUniversalTime()));
    }
}
