using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Receiving;

/// <summary>A message that was received whole, or whose beginning is kept.</summary>
internal interface IReceived
{
    /// <summary>
    /// The beginning of the message; all of it where it is as long as <see cref="Length"/>. Lines end in LF.
    /// </summary>
    ReadOnlyMemory<byte> Front { get; }

    /// <summary>How many octets the whole message has.</summary>
    long Length { get; }

    /// <summary>Why the message is refused for its octets; null where it is not.</summary>
    SmtpReply? Refusal { get; }

    /// <summary>Ends the message, and renames fields that only we may write.</summary>
    /// <param name="rules">Knows the names of these fields.</param>
    /// <param name="front">The header and parts of the beginning; null where the message is refused.</param>
    /// <param name="toDisk">Whether a message in a file must be on disk before this returns.</param>
    /// <returns>How many hosts the message has passed (RFC 5321 §6.3).</returns>
    int Close(ContentRules rules, MailMessage? front, bool toDisk);
}
