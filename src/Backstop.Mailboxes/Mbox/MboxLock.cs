using Backstop.Mailboxes.Locks;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Mbox;

/// <summary>
/// Both locks that other programs respect on an mbox: the dot-lock file and an fcntl lock. They are taken without
/// waiting and released together, so that we cannot cause a deadlock between procmail (dot-lock first) and Dovecot
/// (fcntl first).
/// </summary>
internal sealed class MboxLock : IDisposable
{
    private readonly DotLock? _dotLock;

    private MboxLock(DotLock? dotLock, SafeFileHandle file)
    {
        _dotLock = dotLock;
        File = file;
    }

    /// <summary>The mbox, open for reading and writing.</summary>
    public SafeFileHandle File { get; }

    /// <summary>Takes both locks or neither; null if another program holds one.</summary>
    /// <param name="path">The mbox.</param>
    /// <param name="owner">The name of this server, at most 16 octets; a dot-lock with that name was left by an earlier
    /// run.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">A lock cannot be made.</exception>
    public static MboxLock? TryTake(string path, string owner, TimeProvider time) =>
        TryTake(path, new DotLock(path + ".lock", owner, DotLock.DefaultStaleAfter, time), Libc.OwnerOnly);

    /// <summary>Takes both locks or neither; null if another program holds one.</summary>
    /// <param name="path">The mbox.</param>
    /// <param name="dotLock">The dot-lock; null for the fcntl lock alone.</param>
    /// <param name="mode">The mode of an mbox that is created.</param>
    /// <exception cref="IOException">A lock cannot be made.</exception>
    public static MboxLock? TryTake(string path, DotLock? dotLock, int mode)
    {
        if (dotLock?.TryTake() == false)
        {
            return null;
        }

        SafeFileHandle? file = null;
        try
        {
            file = Libc.TryOpenOrCreate(path, mode, out var error);
            Libc.ThrowIf(error, path);
            if (Libc.TryLock(file!))
            {
                return new(dotLock, file!);
            }
        }
        catch (IOException)
        {
            file?.Dispose();
            dotLock?.Release();
            throw;
        }

        file!.Dispose();
        dotLock?.Release();
        return null;
    }

    /// <summary>
    /// Removes a dot-lock that a killed run left behind. Nobody else writes that name, and the caller knows that the
    /// run has ended.
    /// </summary>
    /// <param name="path">The mbox.</param>
    /// <param name="owner">The name written into it.</param>
    public static void DropLeftover(string path, string owner) =>
        new DotLock(path + ".lock", owner, DotLock.DefaultStaleAfter, TimeProvider.System).DropLeftover();

    public void Dispose()
    {
        // Closing the file releases the fcntl lock; the dot-lock was taken first and is released last.
        File.Dispose();
        _dotLock?.Release();
    }
}
