namespace Backstop.Posix;

/// <summary>Distinguishes a full disk from other write errors.</summary>
internal static class DiskFull
{
    /// <summary>Whether the disk, or the user's quota, is full.</summary>
    /// <param name="error">The exception of a write.</param>
    public static bool Is(IOException error) => error.HResult is Libc.NoSpace or Libc.OverQuota;
}
