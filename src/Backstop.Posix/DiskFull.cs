namespace Backstop.Posix;

/// <summary>Tells a full disk from a broken one.</summary>
internal static class DiskFull
{
    /// <summary>Whether the disk, or the owner's share of it, is full.</summary>
    /// <param name="error">What a write threw.</param>
    public static bool Is(IOException error) => error.HResult is Libc.NoSpace or Libc.OverQuota;
}
