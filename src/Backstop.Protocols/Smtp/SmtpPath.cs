using System.Buffers;
using System.Text;
using Backstop.Mail;

namespace Backstop.Protocols.Smtp;

/// <summary>Limits on the parts of a path, RFC 5321 §4.5.3.1.1-3.</summary>
/// <param name="LocalPart">Octets before the @.</param>
/// <param name="Domain">Octets behind it.</param>
/// <param name="Path">Octets of the whole path, brackets included.</param>
public readonly record struct PathLimits(int LocalPart, int Domain, int Path);

/// <summary>The grammar of Reverse-path and Forward-path, RFC 5321 §4.1.2 with RFC 6531 §3.3.</summary>
public static class SmtpPath
{
    private static readonly SearchValues<byte> _notInDotString = SearchValues.Create(" <>()[]\\,;:\""u8);

    /// <summary>Reads a path at the start of the text.</summary>
    /// <param name="text">What follows FROM: or TO:.</param>
    /// <param name="limits">How long its parts may be.</param>
    /// <param name="address">The mailbox; null for <c>&lt;&gt;</c>. A bare <c>&lt;postmaster&gt;</c> has an empty domain.</param>
    /// <param name="rest">What follows the path.</param>
    /// <returns>Whether there was a path.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, PathLimits limits, out MailAddress? address, out ReadOnlySpan<byte> rest)
    {
        address = null;
        rest = default;
        if (text.IsEmpty || text[0] != '<')
        {
            return false;
        }

        var close = FindClose(text);
        if (close < 0 || close + 1 > limits.Path)
        {
            return false;
        }

        rest = text[(close + 1)..];
        if (!rest.IsEmpty && rest[0] != ' ')
        {
            return false;
        }

        var inside = text[1..close];
        return inside.IsEmpty || TryReadMailbox(SkipSourceRoute(inside), limits, out address);
    }

    // The closing bracket outside a quoted string.
    private static int FindClose(ReadOnlySpan<byte> text)
    {
        var quoted = false;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\' && quoted)
            {
                i++;
            }
            else if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (text[i] == '>' && !quoted)
            {
                return i;
            }
        }

        return -1;
    }

    // RFC 5321 §4.1.2: a source route must be accepted and should be ignored.
    private static ReadOnlySpan<byte> SkipSourceRoute(ReadOnlySpan<byte> inside)
    {
        if (inside[0] != '@')
        {
            return inside;
        }

        var colon = inside.IndexOf((byte)':');
        return colon < 0 ? [] : inside[(colon + 1)..];
    }

    private static bool TryReadMailbox(ReadOnlySpan<byte> mailbox, PathLimits limits, out MailAddress? address)
    {
        address = null;
        if (mailbox.IsEmpty || mailbox.ContainsAnyInRange((byte)0, (byte)31) || mailbox.Contains((byte)127))
        {
            return false;
        }

        // RFC 5321 §4.1.1.3: "postmaster" without a domain must be accepted.
        if (Ascii.EqualsIgnoreCase(mailbox, "postmaster"u8))
        {
            address = new(HeaderText.ToText(mailbox), "");
            return true;
        }

        var quoted = mailbox[0] == '"';
        var localLength = quoted ? QuotedLength(mailbox) : mailbox.IndexOf((byte)'@');
        if (localLength <= 0 || localLength > limits.LocalPart || localLength >= mailbox.Length || mailbox[localLength] != '@')
        {
            return false;
        }

        var local = mailbox[..localLength];
        var domain = mailbox[(localLength + 1)..];
        if (domain.Length > limits.Domain || (!quoted && !IsDotString(local)))
        {
            return false;
        }

        var domainText = HeaderText.ToText(domain);
        if (!MailAddress.IsDomain(domainText))
        {
            return false;
        }

        address = new(quoted ? Unescape(local[1..^1]) : HeaderText.ToText(local), domainText);
        return true;
    }

    private static int QuotedLength(ReadOnlySpan<byte> mailbox)
    {
        for (var i = 1; i < mailbox.Length; i++)
        {
            if (mailbox[i] == '\\')
            {
                i++;
            }
            else if (mailbox[i] == '"')
            {
                return i + 1;
            }
        }

        return -1;
    }

    // RFC 5321 §4.1.2 Dot-string, but leading, trailing and doubled dots pass: Japanese carriers' addresses have them.
    private static bool IsDotString(ReadOnlySpan<byte> local) => local.IndexOfAny(_notInDotString) < 0;

    private static string Unescape(ReadOnlySpan<byte> quoted)
    {
        if (!quoted.Contains((byte)'\\'))
        {
            return HeaderText.ToText(quoted);
        }

        var plain = new List<byte>(quoted.Length);
        for (var i = 0; i < quoted.Length; i++)
        {
            i += quoted[i] == '\\' && i + 1 < quoted.Length ? 1 : 0;
            plain.Add(quoted[i]);
        }

        return HeaderText.ToText(plain.ToArray());
    }
}
