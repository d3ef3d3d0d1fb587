namespace Backstop.Clean.Imap;

/// <summary>
/// A fault of an IMAP server or of the connection to it: one line, and exit code 69 (unavailable), 76 (it violates its
/// protocol) or 66 (no such folder).
/// </summary>
internal sealed class ImapFault(CleanFailure failure, string message) : CleanException(failure, message)
{
    /// <summary>Whether the same request may succeed later.</summary>
    public bool MayPass { get; init; } = true;
}
