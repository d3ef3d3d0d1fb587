using Backstop.Protocols.Smtp;
using Backstop.Server.Options;

namespace Backstop.Server.Smtp;

/// <summary>What is said on one kind of listener: its greeting and its extensions, made once.</summary>
internal sealed class SmtpListener
{
    private readonly SmtpReply _extensions;
    private readonly SmtpReply _extensionsInTls;

    public SmtpListener(BackstopOptions options, bool isLmtp, bool offersTls)
    {
        IsLmtp = isLmtp;
        OffersTls = offersTls;
        Greeting = new(220, "", $"{options.Hostname} {(isLmtp ? "LMTP" : "ESMTP")} Backstop");
        Hello = new(250, "", options.Hostname);
        _extensions = Extensions(options, offersTls);
        _extensionsInTls = Extensions(options, offersTls: false);
    }

    public bool IsLmtp { get; }

    public bool OffersTls { get; }

    public SmtpReply Greeting { get; }

    /// <summary>The answer to HELO.</summary>
    public SmtpReply Hello { get; }

    /// <summary>The answer to EHLO and LHLO. RFC 3207 §4: STARTTLS is not offered inside TLS.</summary>
    public SmtpReply ExtendedHello(bool isEncrypted) => isEncrypted ? _extensionsInTls : _extensions;

    private static SmtpReply Extensions(BackstopOptions options, bool offersTls)
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
            "DSN", // RFC 3461
        ];
        if (offersTls)
        {
            lines.Add("STARTTLS");
        }

        return SmtpReply.Lines(250, lines);
    }
}
