using Backstop.Judging.Rules;
using Backstop.Mail;
using Backstop.Protocols.Smtp;

namespace Backstop.Server.Receiving;

/// <summary>A message whose octets are all here, or of which the front is kept.</summary>
internal interface IReceived
{
    /// <summary>The front: all of it where it is as long as <see cref="Length"/>. Lines end in LF.</summary>
    ReadOnlyMemory<byte> Front { get; }

    /// <summary>Octets of the whole.</summary>
    long Length { get; }

    /// <summary>What is wrong with the octets; null where nothing is.</summary>
    SmtpReply? Refusal { get; }

    /// <summary>No more octets come: takes their names from fields that only we may write.</summary>
    /// <param name="rules">Knows which those are.</param>
    /// <param name="front">The front as it was scanned; null where it is refused.</param>
    /// <param name="toDisk">Whether what is in a file must be on the disk before this returns.</param>
    /// <returns>How many hosts it has passed (RFC 5321 §6.3).</returns>
    int Close(ContentRules rules, MailMessage? front, bool toDisk);
}
