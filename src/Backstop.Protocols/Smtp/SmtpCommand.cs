using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Backstop.Mail;

namespace Backstop.Protocols.Smtp;

/// <summary>
/// One command of a client, checked against the grammar. It does not depend on the session's state or on policy.
/// </summary>
/// <param name="Verb">The command.</param>
/// <param name="Name">HELO, EHLO, LHLO: the client's name.</param>
/// <param name="Address">MAIL, RCPT: the mailbox; null is the null reverse-path.</param>
/// <param name="Size">MAIL: the SIZE announced (RFC 1870). BDAT: the chunk's octets. Else 0.</param>
/// <param name="IsLast">BDAT: the last chunk.</param>
/// <param name="SmtpUtf8">MAIL: the message may carry UTF-8 in addresses and header (RFC 6531).</param>
/// <param name="Parameters">MAIL, RCPT: the parameters as received, to be handed on; null for none.</param>
/// <param name="Client">XFORWARD, XCLIENT: the attributes received.</param>
/// <param name="Error">The reply to a command that breaks the grammar; the other values are then unset.</param>
public readonly record struct SmtpCommand(
    SmtpVerb Verb, string? Name = null, MailAddress? Address = null, long Size = 0, bool IsLast = false,
    bool SmtpUtf8 = false, string? Parameters = null,
    ClientAttributes? Client = null, SmtpReply? Error = null)
{
    private static readonly (byte[] Name, SmtpVerb Verb)[] _verbs =
    [
        ("MAIL"u8.ToArray(), SmtpVerb.Mail), ("RCPT"u8.ToArray(), SmtpVerb.Rcpt), ("DATA"u8.ToArray(), SmtpVerb.Data),
        ("EHLO"u8.ToArray(), SmtpVerb.Ehlo), ("HELO"u8.ToArray(), SmtpVerb.Helo), ("QUIT"u8.ToArray(), SmtpVerb.Quit),
        ("RSET"u8.ToArray(), SmtpVerb.Rset), ("BDAT"u8.ToArray(), SmtpVerb.Bdat), ("LHLO"u8.ToArray(), SmtpVerb.Lhlo),
        ("STARTTLS"u8.ToArray(), SmtpVerb.StartTls), ("NOOP"u8.ToArray(), SmtpVerb.Noop), ("VRFY"u8.ToArray(), SmtpVerb.Vrfy),
        ("HELP"u8.ToArray(), SmtpVerb.Help), ("EXPN"u8.ToArray(), SmtpVerb.Expn), ("AUTH"u8.ToArray(), SmtpVerb.Auth),
        ("XFORWARD"u8.ToArray(), SmtpVerb.XForward), ("XCLIENT"u8.ToArray(), SmtpVerb.XClient),
        ("ETRN"u8.ToArray(), SmtpVerb.SwitchedOff), ("TURN"u8.ToArray(), SmtpVerb.SwitchedOff), ("SEND"u8.ToArray(), SmtpVerb.SwitchedOff),
        ("SOML"u8.ToArray(), SmtpVerb.SwitchedOff), ("SAML"u8.ToArray(), SmtpVerb.SwitchedOff),
    ];

    /// <summary>Parses one command line.</summary>
    /// <param name="line">The line without CRLF.</param>
    /// <param name="limits">How long the parts of a path may be.</param>
    public static SmtpCommand Parse(ReadOnlySpan<byte> line, PathLimits limits)
    {
        var space = line.IndexOf((byte)' ');
        var verb = FindVerb(space < 0 ? line : line[..space]);
        var argument = space < 0 ? [] : line[(space + 1)..].Trim((byte)' ');
        if (verb == SmtpVerb.Unknown && ForeignProtocol.IsLine(line))
        {
            return new(SmtpVerb.Foreign);
        }

        return verb switch
        {
            // RFC 6531 §3.3: beyond ASCII a path is UTF-8. Other octets are not an address and could not be handed on
            // unchanged.
            SmtpVerb.Mail or SmtpVerb.Rcpt when !Utf8.IsValid(argument) => Bad(verb, SmtpReplies.BadSyntax),
            SmtpVerb.Mail => ParseMail(argument, limits),
            SmtpVerb.Rcpt => ParseRcpt(argument, limits),
            SmtpVerb.Helo or SmtpVerb.Ehlo or SmtpVerb.Lhlo => ParseGreeting(verb, argument),
            SmtpVerb.Bdat => ParseBdat(argument),
            SmtpVerb.XForward or SmtpVerb.XClient =>
                ClientAttributes.TryParse(argument) is { } client ? new(verb, Client: client) : Bad(verb, SmtpReplies.BadSyntax),

            // RFC 5321 §4.1.1: these take no argument.
            SmtpVerb.Data or SmtpVerb.Rset or SmtpVerb.Quit or SmtpVerb.StartTls when !argument.IsEmpty => Bad(verb, SmtpReplies.BadSyntax),
            _ => new(verb),
        };
    }

    private static SmtpVerb FindVerb(ReadOnlySpan<byte> name)
    {
        foreach (var (known, verb) in _verbs)
        {
            if (Ascii.EqualsIgnoreCase(name, known))
            {
                return verb;
            }
        }

        return SmtpVerb.Unknown;
    }

    private static SmtpCommand ParseGreeting(SmtpVerb verb, ReadOnlySpan<byte> argument)
    {
        // RFC 5321 §4.1.4: a command is not refused for a wrong name, only for a missing or unprintable one.
        if (argument.IsEmpty || argument.Length > 255 || argument.ContainsAnyInRange((byte)0, (byte)32))
        {
            return Bad(verb, SmtpReplies.BadSyntax);
        }

        return new(verb, Name: HeaderText.ToText(argument));
    }

    private static SmtpCommand ParseMail(ReadOnlySpan<byte> argument, PathLimits limits)
    {
        if (!TakePrefix(ref argument, "FROM:"u8) || !SmtpPath.TryRead(argument, limits, out var address, out var rest))
        {
            return Bad(SmtpVerb.Mail, SmtpReplies.BadSyntax);
        }

        var parameters = Rest(rest);
        var size = 0L;
        var utf8 = false;
        while (TakeParameter(ref rest, out var name, out var value))
        {
            if (Is(name, "SIZE"u8))
            {
                if (!Utf8Parser.TryParse(value, out size, out var used) || used != value.Length || size < 0)
                {
                    return Bad(SmtpVerb.Mail, SmtpReplies.BadSyntax);
                }
            }
            else if (Is(name, "SMTPUTF8"u8) && value.IsEmpty)
            {
                utf8 = true;
            }
            else if (!IsKnownMailParameter(name, value))
            {
                return Bad(SmtpVerb.Mail, SmtpReplies.UnknownParameter);
            }
        }

        return address is not null && !utf8 && !IsAscii(address)
            ? Bad(SmtpVerb.Mail, SmtpReplies.NeedsSmtpUtf8)
            : new(SmtpVerb.Mail, Address: address, Size: size, SmtpUtf8: utf8, Parameters: parameters);
    }

    // BODY: RFC 6152. RET, ENVID: RFC 3461 §4.3-4.4. AUTH: RFC 4954 §5; careless relays send it even if AUTH is not
    // offered.
    private static bool IsKnownMailParameter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        (Is(name, "BODY"u8) && (Is(value, "7BIT"u8) || Is(value, "8BITMIME"u8)))
        || (Is(name, "RET"u8) && (Is(value, "FULL"u8) || Is(value, "HDRS"u8)))
        || (Is(name, "ENVID"u8) && value.Length is > 0 and <= 100)
        || (Is(name, "AUTH"u8) && !value.IsEmpty);

    private static SmtpCommand ParseRcpt(ReadOnlySpan<byte> argument, PathLimits limits)
    {
        if (!TakePrefix(ref argument, "TO:"u8) || !SmtpPath.TryRead(argument, limits, out var address, out var rest) || address is null)
        {
            return Bad(SmtpVerb.Rcpt, SmtpReplies.BadSyntax);
        }

        var parameters = Rest(rest);
        while (TakeParameter(ref rest, out var name, out var value))
        {
            // RFC 3461 §4.1-4.2. Accepted, but the notice they ask for is never sent: we answer no message with
            // another.
            if (!(Is(name, "NOTIFY"u8) && IsNotify(value)) && !(Is(name, "ORCPT"u8) && value.Contains((byte)';') && value.Length <= 500))
            {
                return Bad(SmtpVerb.Rcpt, SmtpReplies.UnknownParameter);
            }
        }

        return new(SmtpVerb.Rcpt, Address: address, Parameters: parameters);
    }

    private static bool IsNotify(ReadOnlySpan<byte> value)
    {
        if (Is(value, "NEVER"u8))
        {
            return true;
        }

        foreach (var range in value.Split((byte)','))
        {
            var word = value[range];
            if (!Is(word, "SUCCESS"u8) && !Is(word, "FAILURE"u8) && !Is(word, "DELAY"u8))
            {
                return false;
            }
        }

        return true;
    }

    private static SmtpCommand ParseBdat(ReadOnlySpan<byte> argument)
    {
        var space = argument.IndexOf((byte)' ');
        var number = space < 0 ? argument : argument[..space];
        var last = space < 0 ? [] : argument[(space + 1)..].Trim((byte)' ');
        var ok = Utf8Parser.TryParse(number, out long size, out var used) && used == number.Length && size >= 0
            && (last.IsEmpty || Is(last, "LAST"u8));

        // RFC 3030 §2: without a size the octets that follow cannot be told from commands.
        return ok
            ? new(SmtpVerb.Bdat, Size: size, IsLast: !last.IsEmpty)
            : Bad(SmtpVerb.Bdat, new SmtpReply(501, "5.5.4", "BDAT needs a chunk size", closes: true));
    }

    private static bool TakePrefix(ref ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix)
    {
        if (text.Length < prefix.Length || !Is(text[..prefix.Length], prefix))
        {
            return false;
        }

        // RFC 5321 §3.3 allows no space here, but old clients send one.
        text = text[prefix.Length..].TrimStart((byte)' ');
        return true;
    }

    private static bool TakeParameter(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        rest = rest.TrimStart((byte)' ');
        var end = rest.IndexOf((byte)' ');
        var parameter = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[end..];
        var equals = parameter.IndexOf((byte)'=');
        name = equals < 0 ? parameter : parameter[..equals];
        value = equals < 0 ? [] : parameter[(equals + 1)..];
        return !parameter.IsEmpty;
    }

    private static string? Rest(ReadOnlySpan<byte> rest) =>
        rest.Trim((byte)' ') is { IsEmpty: false } text ? Encoding.UTF8.GetString(text) : null;

    private static bool IsAscii(MailAddress address) => Ascii.IsValid(address.LocalPart) && Ascii.IsValid(address.Domain);

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(text, word);

    private static SmtpCommand Bad(SmtpVerb verb, SmtpReply error) => new(verb, Error: error);
}
