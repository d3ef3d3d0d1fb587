using System.Globalization;
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

    private static int _counter;

    private readonly string _dotLock;

    private MboxLock(string dotLock, SafeFileHandle file)
    {
        _dotLock = dotLock;
        File = file;
    }

    /// <summary>The mbox, open for reading and writing.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Takes both locks, or neither; null where somebody else holds one.</summary>
    /// <exception cref="IOException">A lock cannot be made at all.</exception>
    public static MboxLock? TryTake(string path, TimeProvider time)
    {
        var dotLock = path + ".lock";
        if (!TryMakeDotLock(dotLock, time))
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

    public void Dispose()
    {
        // Closing gives up the fcntl lock; the dot-lock goes last, as it was taken first.
        File.Dispose();
        _ = Libc.Remove(_dotLock);
    }

    // A unique file, then link(2): safe over NFS, where O_EXCL was not.
    private static bool TryMakeDotLock(string dotLock, TimeProvider time)
    {
        var unique = string.Create(
            CultureInfo.InvariantCulture, $"{dotLock}.{Environment.ProcessId}.{Interlocked.Increment(ref _counter)}");
        using (var file = Libc.TryCreateNew(unique, out var created))
        {
            Libc.ThrowIf(created, dotLock);
            RandomAccess.Write(file!, System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
        }

        var error = Libc.MakeLink(unique, dotLock);
        if (error == Libc.Exists && BreakStale(dotLock, unique, time))
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
    private static bool BreakStale(string dotLock, string unique, TimeProvider time)
    {
        var held = new FileInfo(dotLock);
        if (!held.Exists || held.Length > MaxForeignLock)
        {
            return false;
        }

        var now = new FileInfo(unique).LastWriteTimeUtc;
        var clock = time.GetUtcNow().UtcDateTime;
        var age = (now > clock ? now : clock) - held.LastWriteTimeUtc;
        return age > StaleAfter && Libc.Remove(dotLock) == 0;
    }
}
