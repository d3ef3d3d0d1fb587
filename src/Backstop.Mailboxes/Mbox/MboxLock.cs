using System.Text;
using Backstop.Mailboxes.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>
/// Both locks that other programs honour on an mbox: the dot-lock file and an fcntl lock. Taken without waiting and given back together,
/// so that procmail (dot-lock first) and Dovecot (fcntl first) cannot stand in each other's way because of us.
/// </summary>
internal sealed class MboxLock : IDisposable
{
    /// <summary>procmail's LOCKTIMEOUT: a dot-lock that nobody has touched for so long belongs to nobody.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(1024);

    // procmail never breaks a lock file that is longer.
    private const int MaxForeignLock = 16;

    private readonly string _dotLock;

    private MboxLock(string dotLock, SafeFileHandle file)
    {
        _dotLock = dotLock;
        File = file;
    }

    /// <summary>The mbox, open for reading and writing.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Takes both locks, or neither; null where somebody else holds one.</summary>
    /// <param name="path">The mbox.</param>
    /// <param name="owner">Names this server, at most 16 octets; a dot-lock with that name is a leftover of its own.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">A lock cannot be made at all.</exception>
    public static MboxLock? TryTake(string path, string owner, TimeProvider time)
    {
        var dotLock = path + ".lock";
        if (!TryMakeDotLock(dotLock, owner, time))
        {
            return null;
        }

        SafeFileHandle? file = null;
        try
        {
            file = Libc.TryOpenOrCreate(path, out var error);
            Libc.ThrowIf(error, path);
            if (Libc.TryLock(file!))
            {
                return new(dotLock, file!);
            }
        }
        catch (IOException)
        {
            file?.Dispose();
            _ = Libc.Remove(dotLock);
            throw;
        }

        file!.Dispose();
        _ = Libc.Remove(dotLock);
        return null;
    }

    /// <summary>Removes a dot-lock that a killed run has left: nobody else writes that name, and the caller knows that its run is not at work.</summary>
    /// <param name="path">The mbox.</param>
    /// <param name="owner">The name.</param>
    public static void DropLeftover(string path, string owner)
    {
        if (HasContent(path + ".lock", owner))
        {
            _ = Libc.Remove(path + ".lock");
        }

        _ = Libc.Remove($"{path}.lock.{owner}");
    }

    public void Dispose()
    {
        // Closing gives up the fcntl lock; the dot-lock goes last, as it was taken first.
        File.Dispose();
        _ = Libc.Remove(_dotLock);
    }

    // A unique file, then link(2): safe over NFS, where O_EXCL was not.
    private static bool TryMakeDotLock(string dotLock, string owner, TimeProvider time)
    {
        // Its name is ours alone; one that is there was left by a crash.
        var unique = $"{dotLock}.{owner}";
        _ = Libc.Remove(unique);
        using (var file = Libc.TryCreateNew(unique, out var created))
        {
            Libc.ThrowIf(created, dotLock);
            RandomAccess.Write(file!, Encoding.ASCII.GetBytes(owner), 0);
        }

        var error = Libc.MakeLink(unique, dotLock);
        if (error == Libc.Exists && BreakStale(dotLock, unique, owner, time))
        {
            error = Libc.MakeLink(unique, dotLock);
        }

        _ = Libc.Remove(unique);
        if (error is not (0 or Libc.Exists))
        {
            Libc.ThrowIf(error, dotLock);
        }

        return error == 0;
    }

    // Ages are compared by the file system's own clock: the unique file was made just now. Local clocks may differ from a server's.
    private static bool BreakStale(string dotLock, string unique, string owner, TimeProvider time)
    {
        var held = new FileInfo(dotLock);
        if (!held.Exists || held.Length > MaxForeignLock)
        {
            return false;
        }

        if (HasContent(dotLock, owner))
        {
            // Ours, and we do not hold it: an earlier run was killed with it in hand.
            return Libc.Remove(dotLock) == 0;
        }

        var now = new FileInfo(unique).LastWriteTimeUtc;
        var clock = time.GetUtcNow().UtcDateTime;
        var age = (now > clock ? now : clock) - held.LastWriteTimeUtc;
        return age > StaleAfter && Libc.Remove(dotLock) == 0;
    }

    private static bool HasContent(string path, string content)
    {
        try
        {
            return System.IO.File.Exists(path) && System.IO.File.ReadAllText(path) == content;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
