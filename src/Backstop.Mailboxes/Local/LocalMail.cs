namespace Backstop.Mailboxes.Local;

/// <summary>A message, or part of one, to be delivered to a folder named as in procmail.</summary>
/// <param name="Content">Its octets, in pieces, LF line ends.</param>
/// <param name="HasHeader">Whether it begins with a header.</param>
/// <param name="IsRaw">Whether to write it unchanged, without quoting or additions.</param>
public sealed record LocalMail(IReadOnlyList<ReadOnlyMemory<byte>> Content, bool HasHeader, bool IsRaw)
{
    /// <summary>The content as one piece.</summary>
    public ReadOnlyMemory<byte> Whole { get; } = Content.Count == 1 ? Content[0] : (byte[])[.. Content.SelectMany(c => c.ToArray())];
}

/// <summary>How to write to folders.</summary>
public sealed record LocalRules
{
    /// <summary>
    /// The umask for new files. If it allows others to search, a message's file gets that bit too, which once meant
    /// "new mail".
    /// </summary>
    public int Umask { get; init; } = 0b000_111_111;

    /// <summary>The prefix of file names in a plain directory.</summary>
    public string MessagePrefix { get; init; } = "msg.";

    /// <summary>Whether to take the dot-lock of an mbox too.</summary>
    public bool LocksMbox { get; init; }

    /// <summary>Whether a message without a <c>From </c> line gets one: without it the mbox would be unreadable.</summary>
    public bool AddsFromLine { get; init; }

    /// <summary>Whether to ignore Content-Length (procmail -Y).</summary>
    public bool IgnoresContentLength { get; init; }

    /// <summary>Whether files of a Maildir are named as in procmail, without their size.</summary>
    public bool HasShortNames { get; init; }

    /// <summary>The age at which a dot-lock that nobody has touched is removed; null for never.</summary>
    public TimeSpan? StaleLock { get; init; } = TimeSpan.FromSeconds(1024);

    internal int FileMode => (0x1B6 & ~Umask) | ((Umask & 1) == 0 ? 1 : 0);

    internal UnixFileMode DirectoryMode => (UnixFileMode)(0x1FF & ~Umask);
}

/// <summary>The copy that a delivery has written.</summary>
/// <param name="Name">Its name, as the folder was named.</param>
/// <param name="Size">Octets written.</param>
/// <param name="Folders">How many of the named folders were used; names behind a file are ignored.</param>
public sealed record LocalCopy(string Name, long Size, int Folders)
{
    /// <summary>The folders that could not be written, with the reason. The others have the message.</summary>
    public IReadOnlyList<string> Missed { get; init; } = [];
}
