using System.Globalization;

namespace Backstop;

/// <summary>Ages as people write them: <c>90m</c>, <c>24h</c>, <c>7d</c>, <c>2w</c>.</summary>
internal static class Ages
{
    private static readonly TimeSpan[] _units =
        [TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(7)];

    /// <summary>Reads an age; false where the text is not an age.</summary>
    public static bool TryParse(string text, out TimeSpan age)
    {
        age = default;
        if (text.Length < 2 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || "smhdw".IndexOf(text[^1], StringComparison.Ordinal) is not (>= 0 and var unit)
            || count > TimeSpan.MaxValue.TotalDays / 7)
        {
            return false;
        }

        age = count * _units[unit];
        return true;
    }

    /// <summary>Writes an age for people: the largest unit of which it has at least two, so that it is short and never far off.</summary>
    public static string Of(TimeSpan age)
    {
        var unit = Math.Max(0, Array.FindLastIndex(_units, u => age >= 2 * u && u < _units[^1]));
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)(age / _units[unit]))}{"smhdw"[unit]}");
    }
}
