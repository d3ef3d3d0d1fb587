using System.Text;
using Backstop.Posix;

namespace Backstop.Mailboxes.Locks;

/// <summary>
/// A dot-lock: a file that is there while somebody is at work. Made by link(2) from a unique file, which is safe over NFS too.
/// </summary>
/// <param name="path">The lockfile.</param>
/// <param name="owner">What is written into it, at most 16 octets and nobody else's: procmail never breaks a lockfile that is
/// longer.</param>
/// <param name="staleAfter">A lockfile that nobody has touched for so long belongs to nobody; null for never.</param>
/// <param name="time">The clock.</param>
public sealed class DotLock(string path, string owner, TimeSpan? staleAfter, TimeProvider time)
{
    // procmail, man page: LOCKTIMEOUT applies to lockfiles of at most 16 octets.
    private const int MaxForeignLock = 16;

    /// <summary>The age at which an untouched lockfile counts as left behind: 1024 s, as procmail's LOCKTIMEOUT.</summary>
    public static TimeSpan DefaultStaleAfter { get; } = TimeSpan.FromSeconds(1024);

    /// <summary>Whether another program's lockfile was broken because it was stale.</summary>
    public bool HasBroken { get; private set; }

    /// <summary>Makes the lockfile without waiting.</summary>
    /// <returns>False where somebody else holds it.</returns>
    /// <exception cref="IOException">It cannot be made at all.</exception>
    public bool TryTake()
    {
        if (!MayBeFree())
        {
            return false;
        }

        // Its name is ours alone; one that is there was left by a crash.
        var unique = $"{path}.{owner}";
        _ = Libc.Remove(unique);
        using (var file = Libc.TryCreateNew(unique, out var created))
        {
            Libc.ThrowIf(created, path);
            try
            {
                RandomAccess.Write(file!, Encoding.ASCII.GetBytes(owner), 0);
            }
            catch (IOException)
            {
                // The disk is full. Nobody else knows this name: it would stay for ever.
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

    /// <summary>Gives it back; not where somebody has broken it and made another.</summary>
    public void Release()
    {
        if (HasContent(path, owner))
        {
            _ = Libc.Remove(path);
        }
    }

    /// <summary>
    /// Tells others that its owner lives: they break what nobody has touched for a while (Dovecot after 2 minutes, Postfix after
    /// 8).
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
            // It has just been broken. What is done under it is not undone for that.
        }
    }

    /// <summary>
    /// Removes what a killed run has left: nobody else writes that name, and the caller knows that its run is not at work.
    /// </summary>
    internal void DropLeftover()
    {
        Release();
        _ = Libc.Remove($"{path}.{owner}");
    }

    // Looks before anything is made, so that waiting costs one call a look. A file system's clock may be minutes from ours, not hours.
    private bool MayBeFree()
    {
        var held = new FileInfo(path);
        return held.Exists
            ? held.Length <= MaxForeignLock
            && (time.GetUtcNow().UtcDateTime - held.LastWriteTimeUtc > staleAfter / 2 || HasContent(path, owner))
            : !Directory.Exists(path);
    }

    // Ages are compared by the file system's own clock: the unique file was made just now. Local clocks may differ from a server's.
    private bool BreakStale(string unique)
    {
        var held = new FileInfo(path);
        if (!held.Exists || held.Length > MaxForeignLock)
        {
            return false;
        }

        if (HasContent(path, owner))
        {
            // Ours, and we do not hold it: an earlier run was killed with it in hand.
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
            // What is ours we may read.
            return false;
        }
    }
}
