using System.Globalization;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Logging;

/// <summary>The journal of systemd.</summary>
internal static class Journald
{
    private const int StandardError = 2;

    /// <summary>
    /// Whether standard error goes there: systemd.exec(5), JOURNAL_STREAM, which a child that writes elsewhere inherits too.
    /// </summary>
    public static bool HasStandardError()
    {
        using var file = new SafeFileHandle(StandardError, ownsHandle: false);
        return Is(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), FileStatus.TryOf(file, out _)?.Inode);
    }

    /// <summary>Whether a file is the stream that the variable names.</summary>
    /// <param name="stream">Device and inode, as <c>8:4711</c>; null for none.</param>
    /// <param name="inode">The file's inode; null if it is not open.</param>
    public static bool Is(string? stream, ulong? inode) =>
        inode is { } number && stream?.Split(':') is [_, var text]
            && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var named) && named == number;
}
