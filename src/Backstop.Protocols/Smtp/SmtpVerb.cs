namespace Backstop.Protocols.Smtp;

/// <summary>The commands of a session: RFC 5321 §4.1.1, RFC 3030 §2 (BDAT), RFC 3207 §4 (STARTTLS), RFC 2033 §4.1 (LHLO).</summary>
public enum SmtpVerb
{
    /// <summary>An unknown command.</summary>
    Unknown,

    /// <summary>HELO.</summary>
    Helo,

    /// <summary>EHLO.</summary>
    Ehlo,

    /// <summary>LHLO, LMTP's greeting.</summary>
    Lhlo,

    /// <summary>MAIL FROM.</summary>
    Mail,

    /// <summary>RCPT TO.</summary>
    Rcpt,

    /// <summary>DATA.</summary>
    Data,

    /// <summary>BDAT.</summary>
    Bdat,

    /// <summary>RSET.</summary>
    Rset,

    /// <summary>NOOP.</summary>
    Noop,

    /// <summary>VRFY.</summary>
    Vrfy,

    /// <summary>EXPN: known, but switched off.</summary>
    Expn,

    /// <summary>HELP.</summary>
    Help,

    /// <summary>STARTTLS.</summary>
    StartTls,

    /// <summary>AUTH: known, but a receiver does not offer it.</summary>
    Auth,

    /// <summary>XFORWARD: states the real client for one transaction.</summary>
    XForward,

    /// <summary>XCLIENT: states the real client for the rest of the session.</summary>
    XClient,

    /// <summary>ETRN, TURN, SEND and the like: known, but switched off.</summary>
    SwitchedOff,

    /// <summary>QUIT.</summary>
    Quit,

    /// <summary>A line of another protocol: HTTP, TLS, SSH, a header field.</summary>
    Foreign,
}
