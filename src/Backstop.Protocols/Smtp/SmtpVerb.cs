namespace Backstop.Protocols.Smtp;

/// <summary>The commands of a session: RFC 5321 §4.1.1, RFC 3030 §2 (BDAT), RFC 3207 §4 (STARTTLS), RFC 2033 §4.1 (LHLO).</summary>
public enum SmtpVerb
{
    /// <summary>Not a command we know.</summary>
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

    /// <summary>EXPN: known, switched off.</summary>
    Expn,

    /// <summary>HELP.</summary>
    Help,

    /// <summary>STARTTLS.</summary>
    StartTls,

    /// <summary>AUTH: known, not offered on a receiver.</summary>
    Auth,

    /// <summary>XFORWARD: who the client of the server before us is, for one transaction.</summary>
    XForward,

    /// <summary>XCLIENT: the same, in its place.</summary>
    XClient,

    /// <summary>ETRN, TURN, SEND and their kin: known, switched off.</summary>
    SwitchedOff,

    /// <summary>QUIT.</summary>
    Quit,
}
