using System.Runtime.InteropServices;

namespace Backstop.Tests.Growth;

/// <summary>CPU time of the calling thread, which other programs on the machine do not add to.</summary>
internal static class ThreadCpu
{
    private const int ThreadClock = 3;

    public static TimeSpan Now
    {
        get
        {
            var failed = clock_gettime(ThreadClock, out var time) != 0;
            return failed
                ? throw new PlatformNotSupportedException("clock_gettime")
                : TimeSpan.FromTicks((time.Seconds * 10_000_000) + (time.Nanoseconds / 100));
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int clock_gettime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
