namespace Backstop.Clean;

/// <summary>What kept a mailbox from being cleaned. The command line ends with a code for each.</summary>
public enum CleanFailure
{
    /// <summary>What was asked for makes no sense: no such campaign, no password given.</summary>
    Usage,

    /// <summary>A file is not what it should be.</summary>
    BadInput,

    /// <summary>The mailbox, a folder or a file is not there.</summary>
    NoInput,

    /// <summary>A server cannot be reached, or refuses.</summary>
    Unavailable,

    /// <summary>A folder cannot be made.</summary>
    CannotCreate,

    /// <summary>It was stopped, or another program is at work on it: the same again later.</summary>
    TryAgain,

    /// <summary>A server does not keep to its protocol.</summary>
    Protocol,
}

/// <summary>A mailbox cannot be cleaned. The message says what, where and what to do, in one line for a person.</summary>
/// <param name="failure">What kind of failure it is.</param>
/// <param name="message">The line.</param>
public class CleanException(CleanFailure failure, string message) : Exception(message)
{
    /// <summary>What kind of failure it is.</summary>
    public CleanFailure Failure => failure;
}
