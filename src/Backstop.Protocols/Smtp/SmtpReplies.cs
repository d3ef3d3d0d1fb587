namespace Backstop.Protocols.Smtp;

/// <summary>The replies with a fixed text.</summary>
internal static class SmtpReplies
{
    /// <summary>250.</summary>
    public static SmtpReply Ok { get; } = new(250, "2.0.0", "OK");

    /// <summary>250 after MAIL.</summary>
    public static SmtpReply SenderOk { get; } = new(250, "2.1.0", "Sender OK");

    /// <summary>250 after RCPT.</summary>
    public static SmtpReply RecipientOk { get; } = new(250, "2.1.5", "Recipient OK");

    /// <summary>354, RFC 5321 §4.3.2.</summary>
    public static SmtpReply StartMail { get; } = new(354, "", "End data with <CR><LF>.<CR><LF>");

    /// <summary>220 before the TLS handshake, RFC 3207 §4.</summary>
    public static SmtpReply StartTls { get; } = new(220, "2.0.0", "Ready to start TLS");

    /// <summary>221 before closing.</summary>
    public static SmtpReply Bye { get; } = new(221, "2.0.0", "Bye", closes: true);

    /// <summary>252: VRFY never reveals which mailboxes exist, RFC 5321 §3.5.3.</summary>
    public static SmtpReply CannotVerify { get; } = new(252, "2.5.2", "Cannot VRFY; send some mail and see");

    /// <summary>214.</summary>
    public static SmtpReply Help { get; } = new(214, "2.0.0", "RFC 5321; mail for this host's own mailboxes only");

    /// <summary>500: unknown command.</summary>
    public static SmtpReply Unrecognized { get; } = new(500, "5.5.2", "Command unrecognized");

    /// <summary>554: the client speaks another protocol, and nothing that it sends can be meant for us.</summary>
    public static SmtpReply NotSmtp { get; } = new(554, "5.5.1", "This port speaks SMTP only; closing", closes: true);

    /// <summary>501: the command's argument cannot be read.</summary>
    public static SmtpReply BadSyntax { get; } = new(501, "5.5.4", "Syntax error in argument");

    /// <summary>502: a known command that is switched off.</summary>
    public static SmtpReply SwitchedOff { get; } = new(502, "5.5.1", "Command not implemented here");

    /// <summary>503: a known command at the wrong time.</summary>
    public static SmtpReply BadSequence { get; } = new(503, "5.5.1", "Bad sequence of commands");

    /// <summary>555: an unknown MAIL or RCPT parameter, RFC 5321 §4.1.1.11.</summary>
    public static SmtpReply UnknownParameter { get; } = new(555, "5.5.4", "Parameter unrecognized");

    /// <summary>553: an address beyond ASCII without SMTPUTF8, RFC 6531 §3.5.</summary>
    public static SmtpReply NeedsSmtpUtf8 { get; } = new(553, "5.6.7", "Address needs SMTPUTF8");

    /// <summary>
    /// 500: a command line over the limit, RFC 5321 §4.5.3.1.9. The rest of the line cannot be told from commands, so
    /// the connection is closed.
    /// </summary>
    public static SmtpReply LineTooLong { get; } = new(500, "5.5.6", "Command line too long", closes: true);

    /// <summary>554: a lone CR or LF, RFC 5321 §2.3.8.</summary>
    public static SmtpReply BareLineEnd { get; } = new(554, "5.6.0", "Bare CR or LF in the stream (RFC 5321 section 2.3.8)", closes: true);

    /// <summary>552: too big, RFC 1870 §6.</summary>
    public static SmtpReply TooBig { get; } = new(552, "5.3.4", "Message exceeds the size limit");

    /// <summary>554: a text line over the limit.</summary>
    public static SmtpReply TextLineTooLong { get; } = new(554, "5.6.0", "Text line too long");

    /// <summary>554: a header block over the limit.</summary>
    public static SmtpReply HeaderTooBig { get; } = new(554, "5.6.0", "Header block too big");

    /// <summary>452: no disk space, RFC 5321 §4.5.3.1.9.</summary>
    public static SmtpReply OutOfRoom { get; } = new(452, "4.3.1", "Insufficient system storage; try again later");

    /// <summary>452: more recipients than one transaction takes, RFC 5321 §4.5.3.1.10.</summary>
    public static SmtpReply TooManyRecipients { get; } = new(452, "4.5.3", "Too many recipients; send the rest in another transaction");

    /// <summary>451: a failure on our side; the client keeps the message.</summary>
    public static SmtpReply OurTrouble { get; } = new(451, "4.3.0", "Temporary trouble; try again later");

    /// <summary>421: a failure on our side that the session cannot go on after, RFC 5321 §3.8.</summary>
    public static SmtpReply OurFault { get; } = new(421, "4.3.0", "Temporary trouble; closing, try again later", closes: true);

    /// <summary>503: no recipient was accepted.</summary>
    public static SmtpReply NoRecipients { get; } = new(503, "5.5.1", "No valid recipients");

    /// <summary>421: the client was silent for too long, RFC 5321 §4.5.3.2.</summary>
    public static SmtpReply TimedOut { get; } = new(421, "4.4.2", "Timed out; closing", closes: true);

    /// <summary>421: the server is shutting down, RFC 5321 §3.8.</summary>
    public static SmtpReply ShuttingDown { get; } = new(421, "4.3.2", "Shutting down; try again later", closes: true);

    /// <summary>421: a connection limit is reached.</summary>
    public static SmtpReply TooManyConnections { get; } = new(421, "4.7.0", "Too many connections; try again later", closes: true);

    /// <summary>421: the share of the null sender is used up.</summary>
    public static SmtpReply TooBusy { get; } = new(421, "4.3.2", "Many bounces just now; try again later", closes: true);

    /// <summary>421: too many errors.</summary>
    public static SmtpReply TooManyErrors { get; } = new(421, "4.7.0", "Too many errors; closing", closes: true);

    /// <summary>454: TLS is not available, RFC 3207 §4.</summary>
    public static SmtpReply NoTls { get; } = new(454, "4.7.0", "TLS not available");

    /// <summary>501: commands sent in the clear behind STARTTLS would count as sent inside TLS (RFC 3207 §6).</summary>
    public static SmtpReply PipelinedStartTls { get; } = new(
        501, "5.5.4", "Nothing may follow STARTTLS before the handshake", closes: true);
}
