namespace Backstop.Server.Users;

/// <summary>The kinds of what server and helper say to each other.</summary>
internal enum HelperFrame
{
    /// <summary>The other end is gone.</summary>
    End = 0,

    /// <summary>The helper is the user's; with a text, it is not, and why.</summary>
    Ready = 'R',

    /// <summary>The server wants something done; JSON.</summary>
    Request = 'Q',

    /// <summary>The helper has done it; JSON.</summary>
    Reply = 'P',

    /// <summary>The octets of a message, in either direction, behind the frame that announces them.</summary>
    Content = 'C',

    /// <summary>A line for the log.</summary>
    Line = 'L',

    /// <summary>A wait for a program or a lock begins: something may be done that cannot be taken back.</summary>
    Begins = 'B',

    /// <summary>The wait ends.</summary>
    Ends = 'E',

    /// <summary>A mail is about to be sent on.</summary>
    Forwards = 'F',

    /// <summary>May a mail be sent on?</summary>
    MayForward = 'M',

    /// <summary>It may.</summary>
    Yes = 'Y',

    /// <summary>It may not.</summary>
    No = 'N',
}
