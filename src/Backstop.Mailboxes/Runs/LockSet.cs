using Backstop.Mailboxes.Mbox;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>The locks of several mbox files, held together. While it waits for one, it holds none.</summary>
internal sealed class LockSet : IDisposable
{
    /// <summary>How long to wait for other programs to release them.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(200);

    private readonly List<MboxLock> _locks = [];

    /// <summary>The files, open for reading and writing, in the order of the paths.</summary>
    public IReadOnlyList<SafeFileHandle> Files => [.. _locks.Select(l => l.File)];

    /// <summary>Takes all locks.</summary>
    /// <param name="paths">The mbox files; a missing one is created.</param>
    /// <param name="owner">The text in the dot-locks, at most 16 octets.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Cancels the wait.</param>
    /// <exception cref="IOException">A lock was not released within <see cref="Patience"/>, or cannot be
    /// made.</exception>
    public static async Task<LockSet> TakeAsync(IReadOnlyList<string> paths, string owner, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(5);
        while (true)
        {
            var set = new LockSet();
            if (set.TryTake(paths, owner, time) is not { } held)
            {
                return set;
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                throw new IOException(
                    $"{held}: another program holds its lock ({held}.lock, or an fcntl lock); try again when it has finished");
            }

            await Task.Delay(pause, time, ct);
            pause = pause < _longestPause ? pause * 1.5 : _longestPause;
        }
    }

    public void Dispose()
    {
        _locks.ForEach(l => l.Dispose());
        _locks.Clear();
    }

    // Returns the file that another program has locked, or null once all locks are taken.
    private string? TryTake(IReadOnlyList<string> paths, string owner, TimeProvider time)
    {
        try
        {
            foreach (var path in paths)
            {
                if (MboxLock.TryTake(path, owner, time) is not { } taken)
                {
                    Dispose();
                    return path;
                }

                _locks.Add(taken);
            }
        }
        catch (IOException)
        {
            Dispose();
            throw;
        }

        return null;
    }
}
