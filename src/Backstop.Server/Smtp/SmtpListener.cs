using Backstop.Configuration.Options;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;

namespace Backstop.Server.Smtp;

/// <summary>The greeting and the extensions of one kind of listener, made once.</summary>
internal sealed class SmtpListener
{
    private readonly SmtpReply _extensions;
    private readonly SmtpReply _extensionsInTls;

    public SmtpListener(BackstopOptions options, bool isLmtp, TlsCertificate? tls, bool isProxy = false)
    {
        IsLmtp = isLmtp;
        Tls = tls;
        IsProxy = isProxy;
        Greeting = new(220, "", $"{options.Hostname} {(isLmtp ? "LMTP" : "ESMTP")} Backstop");
        Hello = new(250, "", options.Hostname);
        _extensions = Extensions(options, OffersTls, isProxy);
        _extensionsInTls = Extensions(options, offersTls: false, isProxy);
    }

    public bool IsLmtp { get; }

    public bool OffersTls => Tls is not null;

    /// <summary>The certificate for STARTTLS; null where that is not offered.</summary>
    public TlsCertificate? Tls { get; }

    /// <summary>Whether mail is handed on to the next server.</summary>
    public bool IsProxy { get; }

    public SmtpReply Greeting { get; }

    /// <summary>The reply to HELO.</summary>
    public SmtpReply Hello { get; }

    /// <summary>Returns the reply to EHLO and LHLO. RFC 3207 §4: STARTTLS is not offered inside TLS.</summary>
    public SmtpReply ExtendedHello(bool isEncrypted) => isEncrypted ? _extensionsInTls : _extensions;

    private static SmtpReply Extensions(BackstopOptions options, bool offersTls, bool isProxy)
    {
        List<string> lines =
        [
            options.Hostname,
            "PIPELINING", // RFC 2920
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SIZE {options.Smtp.MaxMessage.Bytes}"), // RFC 1870
            "8BITMIME", // RFC 6152
            "SMTPUTF8", // RFC 6531
            "ENHANCEDSTATUSCODES", // RFC 2034
            "CHUNKING", // RFC 3030
        ];
        if (isProxy)
        {
            // DSN is not offered: where the next server does not support it, the server before us sends the notices itself.
            lines.Add("XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE");
            lines.Add("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
        }
        else
        {
            lines.Add("DSN"); // RFC 3461
        }

        if (offersTls)
        {
            lines.Add("STARTTLS");
        }

        return SmtpReply.Lines(250, lines);
    }
}
