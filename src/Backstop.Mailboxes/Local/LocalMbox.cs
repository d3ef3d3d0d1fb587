using Backstop.Mailboxes.Locks;
using Backstop.Mailboxes.Mbox;
using Backstop.Posix;

namespace Backstop.Mailboxes.Local;

/// <summary>Appends to an mbox that other programs read and write too.</summary>
internal sealed class LocalMbox(string owner, TimeProvider time)
{
    /// <summary>Appends a message; an append that fails is removed again.</summary>
    /// <returns>The number of octets written.</returns>
    public long Append(string path, LocalMail mail, LocalRules rules, CancellationToken stopping)
    {
        var text = LocalText.ForMbox(mail, rules, time.GetUtcNow());
        var dotLock = rules.LocksMbox ? DotLockOf(path, rules) : null;
        using var taken = LockWaiter.Take(path + ".lock", isDotLockOnly: false, () => TryTake(path, ref dotLock, rules), stopping);
        var end = RandomAccess.GetLength(taken.File);
        try
        {
            var gap = rules.AddsFromLine && !mail.IsRaw ? MboxFolder.Gap(taken.File, end) : [];
            RandomAccess.Write(taken.File, gap, end);
            RandomAccess.Write(taken.File, text.Span, end + gap.Length);
            Libc.SyncData(taken.File);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(taken.File, end);
            throw;
        }

        return text.Length;
    }

    private DotLock DotLockOf(string path, LocalRules rules) => new(path + ".lock", owner, rules.StaleLock, time);

    // A user who may write an mbox may be unable to create files next to it (/var/mail): then only the kernel's lock is
    // left.
    private static MboxLock? TryTake(string path, ref DotLock? dotLock, LocalRules rules)
    {
        try
        {
            return MboxLock.TryTake(path, dotLock, rules.FileMode);
        }
        catch (IOException error) when (
            dotLock is not null && error.HResult is Libc.AccessDenied or Libc.ReadOnlyFileSystem or Libc.NotPermitted)
        {
            dotLock = null;
            return MboxLock.TryTake(path, null, rules.FileMode);
        }
    }
}
