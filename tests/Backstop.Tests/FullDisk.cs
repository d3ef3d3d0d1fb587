using System.Runtime.InteropServices;

namespace Backstop.Tests;

/// <summary>A disk that is full from now on for a file that this process has open.</summary>
internal static class FullDisk
{
    /// <summary>Puts <c>/dev/full</c> in the place of an open file, so that every write to it fails.</summary>
    /// <param name="path">The file.</param>
    public static void Begin(string path)
    {
        var open = Directory.EnumerateFiles("/proc/self/fd").Single(f => new FileInfo(f).LinkTarget == path);
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var descriptor = int.Parse(Path.GetFileName(open), System.Globalization.CultureInfo.InvariantCulture);
        Assert.NotEqual(-1, Duplicate((int)full.DangerousGetHandle(), descriptor));
    }

    [DllImport("libc", EntryPoint = "dup2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Duplicate(int from, int to);
}
