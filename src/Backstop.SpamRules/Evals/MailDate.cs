using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>
/// A date of a header field in seconds since 1970, read as leniently as SpamAssassin reads it (Util.pm, parse_rfc822_date; RFC 5322
/// §3.3, §4.3).
/// </summary>
internal static class MailDate
{
    private const string Months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";

    private static readonly PerlRegex _comma = new(", *");
    private static readonly PerlRegex _space = new("\\s+");
    private static readonly PerlRegex _dayFirst = new(" (\\d{1,9}) (" + Months + ") (\\d{4}) ", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _monthFirst = new(" (" + Months + ") +(\\d{1,9}) \\d+:\\d+:\\d+ (\\d{4}) ", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _shortYear = new(" (\\d{1,9}) (" + Months + ") (\\d{2,3}) ", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _time = new(" (\\d?\\d):(\\d\\d)(:(\\d\\d))? ");
    private static readonly PerlRegex _offset = new(" ([-+]\\d{4}) ");
    private static readonly PerlRegex _zone = new("\\b([A-Z]{2,4}(?:-DST)?)\\b");

    private static readonly Dictionary<string, string> _zones = (
        "UT+0000 UTC+0000 NDT-0230 AST-0400 ADT-0300 NST-0330 EST-0500 EDT-0400 CST-0600 CDT-0500 MST-0700 MDT-0600 PST-0800 PDT-0700 "
            + "HST-1000 AKST-0900 "
        + "AKDT-0800 HADT-0900 HAST-1000 GMT+0000 BST+0100 IST+0100 WET+0000 WEST+0100 CET+0100 CEST+0200 EET+0200 EEST+0300 MSK+0300 "
        + "MSD+0400 MET+0100 MEZ+0100 "
        + "MEST+0200 MESZ+0200 BRST-0200 BRT-0300 AEST+1000 AEDT+1100 ACST+0930 ACDT+1030 AWST+0800 NZST+1200 NZDT+1300 JST+0900 "
        + "KST+0900 HKT+0800 SGT+0800 "
        + "PHT+0800 IDT+0300")
        .Split(' ').ToDictionary(z => z[..^5], z => z[^5..], StringComparer.Ordinal);

    /// <summary>Reads a date; null if the text is not a date.</summary>
    public static long? Parse(string date)
    {
        var text = _space.Replace(_comma.Replace($" {date} ", " "), " ");
        if (!TryDay(ref text, out var year, out var month, out var day))
        {
            return null;
        }

        int hour = 0, minute = 0, second = 0;
        if (_time.Match(text) is { Success: true } time)
        {
            text = text.Remove(time.Index, time.Length).Insert(time.Index, " ");
            hour = Math.Min(Number(time.Groups[1]), 23);
            minute = Math.Min(Number(time.Groups[2]), 59);
            second = time.Groups[4].Success ? Math.Min(Number(time.Groups[4]), 59) : 0;
        }

        Normalize(ref year, ref month, ref day);
        if (day < 1)
        {
            return null;
        }

        var seconds = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).ToUnixTimeSeconds();
        return Shift(seconds, Offset(text));
    }

    private static bool TryDay(ref string text, out int year, out int month, out int day)
    {
        (year, month, day) = (0, 0, 0);
        var match = _dayFirst.Match(text);
        var monthFirst = false;
        if (!match.Success)
        {
            match = _monthFirst.Match(text);
            monthFirst = match.Success;
        }

        match = match.Success ? match : _shortYear.Match(text);
        if (!match.Success)
        {
            return false;
        }

        text = text.Remove(match.Index, match.Length).Insert(match.Index, " ");
        day = Number(match.Groups[monthFirst ? 2 : 1]);
        var name = match.Groups[monthFirst ? 1 : 2].Value.ToLowerInvariant();
        month = (Months.ToLowerInvariant().IndexOf(name, StringComparison.Ordinal) / 4) + 1;
        year = Number(match.Groups[3]);
        year += match.Groups[3].Length switch { 2 when year < 50 => 2000, 4 => 0, _ => 1900 };
        return true;
    }

    private static void Normalize(ref int year, ref int month, ref int day)
    {
        if (day > DateTime.DaysInMonth(Math.Clamp(year, 1, 9999), month))
        {
            day = 1;
            month++;
            (year, month) = month > 12 ? (year + 1, 1) : (year, month);
        }

        year = Math.Clamp(year, 1970, 2037);
    }

    private static string Offset(string text)
    {
        if (_offset.Match(text) is { Success: true } offset)
        {
            return offset.Groups[1].Value;
        }

        return _zone.Match(text) is { Success: true } zone ? _zones.GetValueOrDefault(zone.Groups[1].Value, "-0000") : "-0000";
    }

    private static long Shift(long seconds, string offset)
    {
        var shift = (
            (int.Parse(offset.AsSpan(1, 2), CultureInfo.InvariantCulture) * 60) + int.Parse(
                offset.AsSpan(3, 2), CultureInfo.InvariantCulture)) * 60;
        return offset[0] == '-' ? seconds + shift : Math.Max(0, seconds - shift);
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);
}
