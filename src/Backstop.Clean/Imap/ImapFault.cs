namespace Backstop.Clean.Imap;

/// <summary>
/// A fault of the server, or of the way to it: one line, and exit code 69 (not to be had), 76 (it breaks its protocol) or 66 (no
/// such folder).
/// </summary>
/// <param name="failure">What kind of failure it is.</param>
/// <param name="message">What is wrong, and where.</param>
internal sealed class ImapFault(CleanFailure failure, string message) : CleanException(failure, message)
{
    /// <summary>Whether the same may go well later.</summary>
    public bool MayPass { get; init; } = true;
}
