namespace Backstop.Protocols.Smtp;

/// <summary>The state of a session, RFC 5321 §4.1.4.</summary>
public enum SmtpState
{
    /// <summary>We have sent our greeting; the client has not.</summary>
    Connected,

    /// <summary>Between mail transactions.</summary>
    Ready,

    /// <summary>After MAIL FROM.</summary>
    HasSender,

    /// <summary>After at least one accepted RCPT TO.</summary>
    HasRecipient,

    /// <summary>Receiving the lines of a message after DATA.</summary>
    ReceivingData,

    /// <summary>Between two BDAT chunks: only BDAT, RSET, NOOP or QUIT may follow (RFC 3030 §3).</summary>
    ReceivingChunks,

    /// <summary>After QUIT.</summary>
    Closed,
}

/// <summary>The permitted order of commands, as one table; it does not depend on sockets, clocks or policy.</summary>
public static class SmtpOrder
{
    /// <summary>Returns the state after an accepted command, or null if the command is not allowed now.</summary>
    /// <param name="state">The state of the session.</param>
    /// <param name="verb">The client's command.</param>
    public static SmtpState? Next(SmtpState state, SmtpVerb verb) => (state, verb) switch
    {
        (SmtpState.Closed or SmtpState.ReceivingData, _) => null,
        (_, SmtpVerb.Quit) => SmtpState.Closed,
        (_, SmtpVerb.Noop or SmtpVerb.Help or SmtpVerb.Vrfy) => state,
        (_, SmtpVerb.Ehlo or SmtpVerb.Helo or SmtpVerb.Lhlo) when state != SmtpState.ReceivingChunks => SmtpState.Ready,
        (SmtpState.Connected, SmtpVerb.Rset) => SmtpState.Connected,
        (_, SmtpVerb.Rset) => SmtpState.Ready,

        // RFC 3207 §4.2: after the handshake the client must greet again.
        (SmtpState.Connected or SmtpState.Ready, SmtpVerb.StartTls) => SmtpState.Connected,
        // Postfix's XFORWARD_README and XCLIENT_README: not inside a transaction; after XCLIENT the client must greet
        // again.
        (SmtpState.Connected or SmtpState.Ready, SmtpVerb.XForward) => state,
        (SmtpState.Connected or SmtpState.Ready, SmtpVerb.XClient) => SmtpState.Connected,
        (SmtpState.Ready, SmtpVerb.Mail) => SmtpState.HasSender,
        (SmtpState.HasSender or SmtpState.HasRecipient, SmtpVerb.Rcpt) => SmtpState.HasRecipient,
        (SmtpState.HasRecipient, SmtpVerb.Data) => SmtpState.ReceivingData,
        (SmtpState.HasRecipient or SmtpState.ReceivingChunks, SmtpVerb.Bdat) => SmtpState.ReceivingChunks,
        _ => null,
    };
}
