using Backstop.Posix;

namespace Backstop.Mailboxes.Locks;

/// <summary>
/// Waits for a lockfile to be removed: the kernel reports its removal, and it checks again after a while in any case,
/// because kernel locks and network file systems report nothing.
/// </summary>
public sealed class LockWaiter : IDisposable
{
    // Between 5 and 50 ms: short compared with a delivery, and random so that waiters do not run in step.
    private const int MinPauseMs = 5;
    private const int MaxPauseMs = 50;

    private readonly DirectoryWatch? _watch;
    private readonly TimeSpan? _longest;

    /// <summary>Begins to watch. Take the lock after this, not before, so that its removal is not missed.</summary>
    /// <param name="lockfile">The path of the lockfile.</param>
    /// <param name="isDotLockOnly">Whether only the lockfile is waited for; then the wait may be longer.</param>
    public LockWaiter(string lockfile, bool isDotLockOnly)
    {
        _watch = DirectoryWatch.TryOpen(Path.GetDirectoryName(lockfile) is { Length: > 0 } directory ? directory : ".");
        _longest = isDotLockOnly && _watch is not null ? TimeSpan.FromMilliseconds(500) : null;
    }

    /// <summary>Takes a lock as soon as it is free.</summary>
    /// <typeparam name="T">The type of the lock.</typeparam>
    /// <param name="lockfile">The path of the lockfile.</param>
    /// <param name="isDotLockOnly">Whether only the lockfile is waited for.</param>
    /// <param name="tryTake">Takes the lock without waiting; returns null if another program holds it.</param>
    /// <param name="stopping">Cancels the wait, with a short delay.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static T Take<T>(string lockfile, bool isDotLockOnly, Func<T?> tryTake, CancellationToken stopping = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(tryTake);
        if (tryTake() is { } free)
        {
            return free;
        }

        using var waiter = new LockWaiter(lockfile, isDotLockOnly);
        while (true)
        {
            if (tryTake() is { } taken)
            {
                return taken;
            }

            stopping.ThrowIfCancellationRequested();
            waiter.Pause();
        }
    }

    /// <summary>Waits until a file is removed from the directory, or for a moment.</summary>
    public void Pause()
    {
        var pause = _longest ?? TimeSpan.FromMilliseconds(Random.Shared.Next(MinPauseMs, MaxPauseMs));
        DirectoryWatch.Wait(_watch, pause);
    }

    /// <inheritdoc/>
    public void Dispose() => _watch?.Dispose();
}
