namespace Backstop.Protocols.Milter;

/// <summary>What a mail server tells a filter. The value is the octet on the wire.</summary>
public enum MilterEvent
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The server offers its version, actions and steps.</summary>
    Negotiate = 'O',

    /// <summary>The macros of the event that follows.</summary>
    Macros = 'D',

    /// <summary>A client connected.</summary>
    Connect = 'C',

    /// <summary>HELO or EHLO.</summary>
    Helo = 'H',

    /// <summary>MAIL.</summary>
    Mail = 'M',

    /// <summary>RCPT.</summary>
    Recipient = 'R',

    /// <summary>DATA.</summary>
    Data = 'T',

    /// <summary>A header field.</summary>
    Header = 'L',

    /// <summary>The end of the header.</summary>
    EndOfHeader = 'N',

    /// <summary>A piece of the body.</summary>
    Body = 'B',

    /// <summary>The end of the message.</summary>
    EndOfMessage = 'E',

    /// <summary>The message was abandoned; the client is still connected.</summary>
    Abort = 'A',

    /// <summary>The server closes this connection.</summary>
    Quit = 'Q',

    /// <summary>The client disconnected; the server may use this connection for another client.</summary>
    QuitClient = 'K',

    /// <summary>A command that the server does not know.</summary>
    Unknown = 'U',
}

/// <summary>The changes that a filter may make; both sides agree on them.</summary>
[Flags]
public enum MilterActions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Add header fields.</summary>
    AddHeaders = 0x1,

    /// <summary>Replace the body.</summary>
    ChangeBody = 0x2,

    /// <summary>Add recipients.</summary>
    AddRecipients = 0x4,

    /// <summary>Take recipients away.</summary>
    DeleteRecipients = 0x8,

    /// <summary>Change or delete header fields.</summary>
    ChangeHeaders = 0x10,

    /// <summary>Hold a message for an administrator.</summary>
    Quarantine = 0x20,

    /// <summary>Change the envelope sender.</summary>
    ChangeSender = 0x40,

    /// <summary>Add recipients with ESMTP arguments.</summary>
    AddRecipientsWithArguments = 0x80,

    /// <summary>Choose the macros that the server sends.</summary>
    ChooseMacros = 0x100,
}

/// <summary>The events that the server does not send or that the filter does not answer; both sides agree on them.</summary>
[Flags]
public enum MilterSteps
{
    /// <summary>Every event is sent and answered.</summary>
    None = 0,

    /// <summary>Connect is not sent.</summary>
    NoConnect = 0x1,

    /// <summary>HELO is not sent.</summary>
    NoHelo = 0x2,

    /// <summary>MAIL is not sent.</summary>
    NoMail = 0x4,

    /// <summary>RCPT is not sent.</summary>
    NoRecipient = 0x8,

    /// <summary>The body is not sent.</summary>
    NoBody = 0x10,

    /// <summary>The header is not sent.</summary>
    NoHeader = 0x20,

    /// <summary>The end of the header is not sent.</summary>
    NoEndOfHeader = 0x40,

    /// <summary>Header fields are not answered.</summary>
    NoHeaderReply = 0x80,

    /// <summary>Unknown commands are not sent.</summary>
    NoUnknown = 0x100,

    /// <summary>DATA is not sent.</summary>
    NoData = 0x200,

    /// <summary>The filter may answer "no more of this event" (<see cref="MilterReply.Skip"/>).</summary>
    Skip = 0x400,

    /// <summary>Recipients that the server refused are sent too.</summary>
    RejectedRecipients = 0x800,

    /// <summary>Connect is not answered.</summary>
    NoConnectReply = 0x1000,

    /// <summary>HELO is not answered.</summary>
    NoHeloReply = 0x2000,

    /// <summary>MAIL is not answered.</summary>
    NoMailReply = 0x4000,

    /// <summary>RCPT is not answered.</summary>
    NoRecipientReply = 0x8000,

    /// <summary>DATA is not answered.</summary>
    NoDataReply = 0x10000,

    /// <summary>Unknown commands are not answered.</summary>
    NoUnknownReply = 0x20000,

    /// <summary>The end of the header is not answered.</summary>
    NoEndOfHeaderReply = 0x40000,

    /// <summary>Body pieces are not answered.</summary>
    NoBodyReply = 0x80000,

    /// <summary>The white space behind a field's colon is sent, and the filter must write it.</summary>
    LeadingSpace = 0x100000,
}
