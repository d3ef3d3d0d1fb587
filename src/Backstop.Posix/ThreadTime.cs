using System.Runtime;
using System.Runtime.InteropServices;

namespace Backstop.Posix;

/// <summary>Reads the CPU time of the calling thread; other work on the machine does not add to it.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3;

    /// <summary>The CPU time so far, without JIT compilation, which is not the message's cost.</summary>
    public static TimeSpan Cpu
    {
        get
        {
            _ = GetTime(ThreadClock, out var time);
            return new TimeSpan(
                (time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100)) - JitInfo.GetCompilationTime(currentThread: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
