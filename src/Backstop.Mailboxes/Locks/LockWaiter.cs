using Backstop.Mailboxes.Posix;

namespace Backstop.Mailboxes.Locks;

/// <summary>Waits for a lockfile to go: woken by the kernel when it does, and after a while in any case, for kernel locks and network file systems tell nobody.</summary>
public sealed class LockWaiter : IDisposable
{
    // Between 5 and 50 ms: short beside a delivery, and never in step with another waiter.
    private const int MinPauseMs = 5;
    private const int MaxPauseMs = 50;

    private readonly DirectoryWatch? _watch;
    private readonly TimeSpan? _longest;

    /// <summary>Begins to watch; take the lock after this, not before, so that its going is not missed.</summary>
    /// <param name="lockfile">The lockfile.</param>
    /// <param name="isDotLockOnly">Whether nothing but the lockfile is waited for, so that the wait may be longer.</param>
    public LockWaiter(string lockfile, bool isDotLockOnly)
    {
        _watch = DirectoryWatch.TryOpen(Path.GetDirectoryName(lockfile) is { Length: > 0 } directory ? directory : ".");
        _longest = isDotLockOnly && _watch is not null ? TimeSpan.FromMilliseconds(500) : null;
    }

    /// <summary>Takes a lock as soon as it can be had.</summary>
    /// <typeparam name="T">What is taken.</typeparam>
    /// <param name="lockfile">The lockfile.</param>
    /// <param name="isDotLockOnly">Whether nothing but the lockfile is waited for.</param>
    /// <param name="tryTake">Takes it without waiting; null where somebody else has it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limit">For how long at most; null for ever.</param>
    /// <returns>What was taken; null where the time is up.</returns>
    public static T? Take<T>(string lockfile, bool isDotLockOnly, Func<T?> tryTake, TimeProvider time, TimeSpan? limit = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(tryTake);
        ArgumentNullException.ThrowIfNull(time);
        if (tryTake() is { } free)
        {
            return free;
        }

        var began = time.GetTimestamp();
        using var waiter = new LockWaiter(lockfile, isDotLockOnly);
        while (tryTake() is var taken)
        {
            if (taken is not null)
            {
                return taken;
            }

            if (limit is { } most && time.GetElapsedTime(began) > most)
            {
                return null;
            }

            waiter.Wait();
        }

        return null;
    }

    /// <summary>Waits until something in the directory goes, or a moment.</summary>
    public void Wait()
    {
        var pause = _longest ?? TimeSpan.FromMilliseconds(Random.Shared.Next(MinPauseMs, MaxPauseMs));
        DirectoryWatch.Wait(_watch, pause);
    }

    /// <inheritdoc/>
    public void Dispose() => _watch?.Dispose();
}
