namespace Backstop.Posix;

/// <summary>The result of opening a file that others may have put there.</summary>
internal enum OpenResult
{
    /// <summary>The file is open.</summary>
    Opened,

    /// <summary>The file does not exist: somebody has moved or deleted it.</summary>
    Gone,

    /// <summary>
    /// It is not a regular file: a directory, FIFO, device or socket, or a symbolic link that is not followed.
    /// </summary>
    NotRegular,

    /// <summary>The system refuses to examine or open it.</summary>
    Failed,
}
