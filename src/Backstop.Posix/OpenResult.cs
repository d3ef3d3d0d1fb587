namespace Backstop.Posix;

/// <summary>What came of opening a file that others have put there.</summary>
internal enum OpenResult
{
    /// <summary>It is open.</summary>
    Opened,

    /// <summary>There is no such file: somebody has moved or deleted it.</summary>
    Gone,

    /// <summary>What is there is no regular file: a directory, FIFO, device or socket, or a symbolic link that is not followed.</summary>
    NotRegular,

    /// <summary>The system refuses to say what it is, or to open it.</summary>
    Failed,
}
