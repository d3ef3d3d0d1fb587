using System.Globalization;

namespace Backstop.Mailboxes.Mbox;

/// <summary>The line a message of an mbox begins with (RFC 4155).</summary>
internal static class MboxSeparator
{
    /// <summary>The line, with its LF.</summary>
    /// <param name="reversePath">The envelope's sender; empty for a bounce.</param>
    /// <param name="received">When it was delivered.</param>
    public static string Line(string reversePath, DateTimeOffset received)
    {
        ArgumentNullException.ThrowIfNull(reversePath);
        return $"From {(reversePath.Length == 0 ? "MAILER-DAEMON" : reversePath.Replace(' ', '-'))} {Date(received)}\n";
    }

    /// <summary>The time as asctime(3) writes it: readers count its columns.</summary>
    /// <param name="received">In the time zone it is shown in.</param>
    public static string Date(DateTimeOffset received) =>
        string.Create(CultureInfo.InvariantCulture, $"{received:ddd MMM} {received.Day,2} {received:HH:mm:ss yyyy}");
}
