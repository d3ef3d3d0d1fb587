using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Smtp;

/// <summary>A reply: code (RFC 5321 §4.2), enhanced status (RFC 3463) and text for people.</summary>
public sealed class SmtpReply
{
    /// <summary>Makes a reply of one line.</summary>
    /// <param name="code">The three-digit code.</param>
    /// <param name="enhanced">The enhanced status code, such as 5.7.1; empty for replies without one (RFC 2034 §4).</param>
    /// <param name="text">Text for people; must not reveal our configuration.</param>
    /// <param name="closes">Whether the connection is closed after it.</param>
    public SmtpReply(int code, string enhanced, string text, bool closes = false)
    {
        ArgumentNullException.ThrowIfNull(enhanced);
        ArgumentNullException.ThrowIfNull(text);
        Code = code;
        Text = enhanced.Length == 0 ? text : $"{enhanced} {text}";
        Closes = closes;
        Bytes = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{code} {OneLine(Text)}\r\n"));
    }

    private SmtpReply(int code, IReadOnlyList<string> lines)
    {
        Code = code;
        Text = lines[0];
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{code}{(i == lines.Count - 1 ? ' ' : '-')}{OneLine(lines[i])}\r\n");
        }

        Bytes = Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The three-digit reply code, RFC 5321 §4.2.</summary>
    public int Code { get; }

    /// <summary>Enhanced status and text.</summary>
    public string Text { get; }

    /// <summary>Whether the connection is closed after it.</summary>
    public bool Closes { get; }

    /// <summary>The reply as sent, CRLF included.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Whether the command succeeded (2xx or 3xx).</summary>
    public bool IsPositive => Code < 400;

    /// <summary>Whether the client may try again later.</summary>
    public bool IsTransient => Code is >= 400 and < 500;

    /// <summary>A reply of several lines, such as EHLO's.</summary>
    /// <param name="code">The three-digit code.</param>
    /// <param name="lines">The texts, at least one.</param>
    public static SmtpReply Lines(int code, IReadOnlyList<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        return new(code, lines);
    }

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code} {Text}");

    // RFC 5321 §4.5.3.1.5: 512 octets a reply line. A reason may quote what a client sent, so line ends are removed.
    private static string OneLine(string text)
    {
        text = text.Length > 480 ? text[..480] : text;
        return text.AsSpan().ContainsAnyInRange('\0', '\x1f') ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
    }
}
