namespace Backstop.Mailboxes.Local;

/// <summary>A message, or a part of one, for folders named as procmail names them.</summary>
/// <param name="Content">Its octets, in pieces, LF line ends.</param>
/// <param name="HasHeader">Whether it begins with a header.</param>
/// <param name="IsRaw">Whether it is written as it is: nothing escaped, nothing added.</param>
public sealed record LocalMail(IReadOnlyList<ReadOnlyMemory<byte>> Content, bool HasHeader, bool IsRaw)
{
    /// <summary>All of it as one piece.</summary>
    public ReadOnlyMemory<byte> Whole { get; } = Content.Count == 1 ? Content[0] : (byte[])[.. Content.SelectMany(c => c.ToArray())];
}

/// <summary>How folders are written.</summary>
public sealed record LocalRules
{
    /// <summary>The umask for what is made. Where others may search, a mail's file gets that bit too: it once meant "new mail".</summary>
    public int Umask { get; init; } = 0b000_111_111;

    /// <summary>How names of files in a plain directory begin.</summary>
    public string MessagePrefix { get; init; } = "msg.";

    /// <summary>Whether an mbox is locked by its dot-lock too.</summary>
    public bool LocksMbox { get; init; }

    /// <summary>Whether a message without a <c>From </c> line gets one: without it an mbox cannot be read any more.</summary>
    public bool AddsFromLine { get; init; }

    /// <summary>Whether Content-Length counts for nothing (procmail -Y).</summary>
    public bool IgnoresContentLength { get; init; }

    /// <summary>Whether files of a Maildir are named as procmail names them, without their size.</summary>
    public bool HasShortNames { get; init; }

    /// <summary>When a dot-lock that nobody has touched belongs to nobody; null for never.</summary>
    public TimeSpan? StaleLock { get; init; } = TimeSpan.FromSeconds(1024);

    internal int FileMode => (0x1B6 & ~Umask) | ((Umask & 1) == 0 ? 1 : 0);

    internal UnixFileMode DirectoryMode => (UnixFileMode)(0x1FF & ~Umask);
}

/// <summary>The copy that a delivery wrote.</summary>
/// <param name="Name">Its name, as the folder was named.</param>
/// <param name="Size">Octets written.</param>
/// <param name="Folders">How many of the folders named took it: a file takes all, and what stands behind it is not read.</param>
public sealed record LocalCopy(string Name, long Size, int Folders)
{
    /// <summary>Which of several folders could not be had, and why. The others have it.</summary>
    public IReadOnlyList<string> Missed { get; init; } = [];
}
