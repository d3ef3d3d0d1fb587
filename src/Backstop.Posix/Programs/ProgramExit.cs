using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Detects the end of a program and collects its status.</summary>
internal sealed class ProgramExit : IDisposable
{
    private const int PidfdOpen = 434;
    private const int NoHang = 1;

    private readonly int _process;
    private readonly SafeFileHandle _handle;
    private int? _status;

    public ProgramExit(int process)
    {
        _process = process;
        _handle = new(Libc.OpenProcess(PidfdOpen, process, 0), ownsHandle: true);
    }

    /// <summary>
    /// A file descriptor that becomes readable when the program ends (pidfd_open(2)); -1 if the kernel or a container's
    /// rules do not allow it.
    /// </summary>
    public int File => _handle.IsInvalid || _status is not null ? -1 : (int)_handle.DangerousGetHandle();

    /// <summary>
    /// How long a caller may wait for <see cref="File"/> before it must refresh locks, or ask by <see
    /// cref="HasEnded"/>.
    /// </summary>
    public TimeSpan Patience => _handle.IsInvalid ? TimeSpan.FromMilliseconds(10) : TimeSpan.FromSeconds(20);

    /// <summary>Whether the program has ended.</summary>
    public bool HasEnded()
    {
        Wait(NoHang);
        return _status is not null;
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit status, or 128 plus the number of the signal that ended it.</returns>
    public int Collect()
    {
        while (_status is null)
        {
            Wait(0);
        }

        return _status.Value;
    }

    public void Dispose() => _handle.Dispose();

    private void Wait(int options)
    {
        if (_status is not null)
        {
            return;
        }

        var status = 0;
        var found = Libc.WaitFor(_process, ref status, options);
        if (found == _process)
        {
            _status = Meaning(status);
        }
        else if (found < 0 && Marshal.GetLastPInvokeError() != Libc.Interrupted)
        {
            // Somebody else has collected the status.
            _status = 127;
        }
    }

    // wait(2): the low seven bits are the signal, the next eight the exit status.
    private static int Meaning(int status) => (status & 0x7F) is 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
}
