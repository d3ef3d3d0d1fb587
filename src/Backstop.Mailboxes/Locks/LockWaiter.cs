using Backstop.Posix;

namespace Backstop.Mailboxes.Locks;

/// <summary>
/// Waits for a lockfile to go: woken by the kernel when it does, and after a while in any case, for kernel locks and network file
/// systems tell nobody.
/// </summary>
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
    /// <param name="stopping">Ends the wait, a moment later.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
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

    /// <summary>Waits until something in the directory goes, or a moment.</summary>
    public void Pause()
    {
        var pause = _longest ?? TimeSpan.FromMilliseconds(Random.Shared.Next(MinPauseMs, MaxPauseMs));
        DirectoryWatch.Wait(_watch, pause);
    }

    /// <inheritdoc/>
    public void Dispose() => _watch?.Dispose();
}
