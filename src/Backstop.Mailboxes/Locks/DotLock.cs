using System.Text;
using Backstop.Posix;

namespace Backstop.Mailboxes.Locks;

/// <summary>
/// A dot-lock: a file that exists while a program works on a mailbox. It is created by link(2) from a unique file,
/// which is safe over NFS too.
/// </summary>
/// <param name="path">The lockfile.</param>
/// <param name="owner">The text written into it, at most 16 octets and unique to this process: procmail never breaks a
/// longer lockfile.</param>
/// <param name="staleAfter">The age at which a lockfile that nobody has touched is removed; null for never.</param>
/// <param name="time">The clock.</param>
public sealed class DotLock(string path, string owner, TimeSpan? staleAfter, TimeProvider time)
{
    // procmail, man page: LOCKTIMEOUT applies to lockfiles of at most 16 octets.
    private const int MaxForeignLock = 16;

    // The mode procmail and lockfile(1) create it with: whoever may write it might take it for a file of his.
    private const int OwnerReads = 0x100;

    /// <summary>The default age at which an untouched lockfile is stale: 1024 s, as procmail's LOCKTIMEOUT.</summary>
    public static TimeSpan DefaultStaleAfter { get; } = TimeSpan.FromSeconds(1024);

    /// <summary>Whether a stale lockfile of another program was removed.</summary>
    public bool HasBroken { get; private set; }

    /// <summary>Creates the lockfile without waiting.</summary>
    /// <returns>False if another program holds it.</returns>
    /// <exception cref="IOException">It cannot be created.</exception>
    public bool TryTake()
    {
        if (!MayBeFree())
        {
            return false;
        }

        // The name is unique to us; an existing file was left by a crash.
        var unique = $"{path}.{owner}";
        _ = Libc.Remove(unique);
        using (var file = Libc.TryCreateNew(unique, OwnerReads, out var created))
        {
            Libc.ThrowIf(created, path);
            try
            {
                RandomAccess.Write(file!, Encoding.ASCII.GetBytes(owner), 0);
            }
            catch (IOException)
            {
                // The disk is full. Nobody else knows this name, so the file would stay for ever.
                _ = Libc.Remove(unique);
                throw;
            }
        }

        var error = Libc.MakeLink(unique, path);
        if (error == Libc.Exists && BreakStale(unique))
        {
            error = Libc.MakeLink(unique, path);
        }

        _ = Libc.Remove(unique);
        if (error is not (0 or Libc.Exists))
        {
            Libc.ThrowIf(error, path);
        }

        return error == 0;
    }

    /// <summary>Removes the lockfile, unless another program broke it and made its own.</summary>
    public void Release()
    {
        if (HasContent(path, owner))
        {
            _ = Libc.Remove(path);
        }
    }

    /// <summary>
    /// Updates the lockfile's time to show that its owner is alive: other programs break one that is not touched for a
    /// while (Dovecot after 2 minutes, Postfix after 8).
    /// </summary>
    public void Refresh()
    {
        if (!HasContent(path, owner))
        {
            return;
        }

        try
        {
            File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has just been broken. The work done under it is not undone for that.
        }
    }

    /// <summary>
    /// Removes a lockfile that a killed run left behind. Nobody else writes that name, and the caller knows that the
    /// run has ended.
    /// </summary>
    internal void DropLeftover()
    {
        Release();
        _ = Libc.Remove($"{path}.{owner}");
    }

    // Checks before creating anything, so that a waiter needs one call for each check. A file system's clock may be
    // minutes off, but not hours.
    private bool MayBeFree()
    {
        var held = new FileInfo(path);
        return held.Exists
            ? held.Length <= MaxForeignLock
            && (time.GetUtcNow().UtcDateTime - held.LastWriteTimeUtc > staleAfter / 2 || HasContent(path, owner))
            : !Directory.Exists(path);
    }

    // Ages are measured by the file system's own clock, with the unique file just created; the local clock may differ
    // from a file server's.
    private bool BreakStale(string unique)
    {
        var held = new FileInfo(path);
        if (!held.Exists || held.Length > MaxForeignLock)
        {
            return false;
        }

        if (HasContent(path, owner))
        {
            // It is ours but we do not hold it: an earlier run was killed while it did.
            return Libc.Remove(path) == 0;
        }

        var now = new FileInfo(unique).LastWriteTimeUtc;
        var clock = time.GetUtcNow().UtcDateTime;
        var age = (now > clock ? now : clock) - held.LastWriteTimeUtc;
        return age > staleAfter && (HasBroken = Libc.Remove(path) == 0);
    }

    private static bool HasContent(string path, string content)
    {
        try
        {
            return File.Exists(path) && File.ReadAllText(path) == content;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Our own file is readable for us.
            return false;
        }
    }
}
