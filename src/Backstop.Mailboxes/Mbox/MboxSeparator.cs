using System.Globalization;

namespace Backstop.Mailboxes.Mbox;

/// <summary>The line at the start of a message in an mbox (RFC 4155).</summary>
internal static class MboxSeparator
{
    /// <summary>Returns the line with its LF.</summary>
    /// <param name="reversePath">The envelope's sender; empty for a bounce.</param>
    /// <param name="received">The time of delivery.</param>
    public static string Line(string reversePath, DateTimeOffset received)
    {
        ArgumentNullException.ThrowIfNull(reversePath);
        return $"From {(reversePath.Length == 0 ? "MAILER-DAEMON" : reversePath.Replace(' ', '-'))} {Date(received)}\n";
    }

    /// <summary>Formats the time as asctime(3) does, because readers rely on its columns.</summary>
    /// <param name="received">The time, in the time zone to write.</param>
    public static string Date(DateTimeOffset received) =>
        string.Create(CultureInfo.InvariantCulture, $"{received:ddd MMM} {received.Day,2} {received:HH:mm:ss yyyy}");
}
