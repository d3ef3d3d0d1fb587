namespace Backstop.Clean;

/// <summary>Why a mailbox could not be cleaned. The command line has an exit code for each.</summary>
public enum CleanFailure
{
    /// <summary>The request makes no sense: an unknown campaign, a missing password.</summary>
    Usage,

    /// <summary>A file has a form that cannot be read.</summary>
    BadInput,

    /// <summary>A mailbox, folder or file does not exist.</summary>
    NoInput,

    /// <summary>A server cannot be reached, or refuses the request.</summary>
    Unavailable,

    /// <summary>A folder or file cannot be created.</summary>
    CannotCreate,

    /// <summary>
    /// The work was stopped, or another program is changing the mailbox: the same command may succeed later.
    /// </summary>
    TryAgain,

    /// <summary>A server violates its protocol.</summary>
    Protocol,
}

/// <summary>
/// Thrown where a mailbox cannot be cleaned. The message is one line for a person: what is wrong, where, what to do.
/// </summary>
public class CleanException(CleanFailure failure, string message) : Exception(message)
{
    /// <summary>The kind of failure, which decides the exit code.</summary>
    public CleanFailure Failure => failure;
}
