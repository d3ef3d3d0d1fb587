using System.Globalization;
using System.Text;

namespace Backstop.Mailboxes.Reading;

/// <summary>
/// Parses the date in an mbox separator line: <c>From a@b Tue Apr  1 05:00:00 2008</c>, with or without a time zone
/// before or after the year.
/// </summary>
internal static class MboxDate
{
    private static readonly string[] _months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    /// <summary>Parses the date; null if there is none.</summary>
    /// <param name="separator">The line. A date without a time zone is read as UTC.</param>
    public static DateTimeOffset? Read(ReadOnlySpan<byte> separator)
    {
        Span<Range> parts = stackalloc Range[16];
        Span<char> text = stackalloc char[256];
        text = text[..Encoding.Latin1.GetChars(separator[..Math.Min(separator.Length, text.Length)], text)];
        var count = text.SplitAny(parts, " \t\r\n", StringSplitOptions.RemoveEmptyEntries);
        for (var i = 2; i + 2 < count; i++)
        {
            var month = Month(text[parts[i]]);
            if (month > 0 && int.TryParse(text[parts[i + 1]], CultureInfo.InvariantCulture, out var day)
                && TimeOnly.TryParse(text[parts[i + 2]], CultureInfo.InvariantCulture, out var time)
                && Year(text, parts[(i + 3)..count]) is { } year && day >= 1 && day <= DateTime.DaysInMonth(year, month))
            {
                return new(new DateOnly(year, month, day), time, Zone(text, parts[(i + 3)..count]));
            }
        }

        return null;
    }

    private static int Month(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < _months.Length; i++)
        {
            if (text.Equals(_months[i], StringComparison.OrdinalIgnoreCase))
            {
                return i + 1;
            }
        }

        return 0;
    }

    private static int? Year(ReadOnlySpan<char> text, ReadOnlySpan<Range> parts)
    {
        foreach (var part in parts)
        {
            if (text[part].Length == 4 && int.TryParse(text[part], NumberStyles.None, CultureInfo.InvariantCulture, out var year)
                && year > 1900)
            {
                return year;
            }
        }

        return null;
    }

    private static TimeSpan Zone(ReadOnlySpan<char> text, ReadOnlySpan<Range> parts)
    {
        foreach (var part in parts)
        {
            if (text[part] is ['+' or '-', _, _, _, _] zone && int.TryParse(zone, CultureInfo.InvariantCulture, out var value)
                && Math.Abs(value) <= 1400 && Math.Abs(value) % 100 < 60)
            {
                return TimeSpan.FromMinutes((value / 100 * 60) + (value % 100));
            }
        }

        return TimeSpan.Zero;
    }
}
