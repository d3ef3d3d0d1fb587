using Backstop.Mailboxes.Mbox;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Runs;

/// <summary>The locks of several mbox files, held together. None is held while another is waited for.</summary>
internal sealed class LockSet : IDisposable
{
    /// <summary>How long it waits for others to give them up.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(200);

    private readonly List<MboxLock> _locks = [];

    /// <summary>The files, open for reading and writing, in the order in which they were named.</summary>
    public IReadOnlyList<SafeFileHandle> Files => [.. _locks.Select(l => l.File)];

    /// <summary>Takes all locks.</summary>
    /// <param name="paths">The mbox files; one that is not there is made.</param>
    /// <param name="owner">What the dot-locks hold, at most 16 octets.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="IOException">Nobody gave one up in <see cref="Patience"/>, or it cannot be made at all.</exception>
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
                throw new IOException($"{held}: another program holds its lock ({held}.lock, or an fcntl lock)");
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

    // The file whose lock somebody holds, or null where all are taken.
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
