using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Makes pipes that programs do not inherit.</summary>
internal static class ProgramPipe
{
    /// <summary>Makes a pipe.</summary>
    /// <exception cref="IOException">This process has too many open files.</exception>
    public static (SafeFileHandle Read, SafeFileHandle Write) Make()
    {
        Span<int> ends = stackalloc int[2];
        if (Libc.Pipe(ref ends[0], Libc.CloseOnExec) != 0)
        {
            throw new IOException($"pipe: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());
        }

        return (new(ends[0], ownsHandle: true), new(ends[1], ownsHandle: true));
    }
}
