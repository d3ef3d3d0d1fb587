using System.Buffers;
using System.Drawing;
using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Html;

/// <summary>Colours of HTML and CSS as <c>#rrggbb</c>, or <see cref="Invalid"/>.</summary>
internal static class CssColor
{
    public const string Invalid = "invalid";

    private const double Indistinct = 12;

    private static readonly SearchValues<char> _lowerHex = SearchValues.Create("0123456789abcdef");
    private static readonly PerlRegex _candidate = new("^[#a-f0-9]*$|rgb\\([\\d%, ]*\\)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _percent = new("rgb\\((\\d{1,9})%,\\s*(\\d{1,9})%,\\s*(\\d{1,9})%\\s*\\)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _numbers = new("rgb\\((\\d{1,9}),\\s*(\\d{1,9}),\\s*(\\d{1,9})\\s*\\)", RegexOptions.IgnoreCase);

    /// <summary>Reads a colour: a name, <c>#hex</c> or <c>rgb()</c>.</summary>
    public static string Parse(string text)
    {
        var color = text.ToLowerInvariant().Trim();
        if (ByName(color) is { } named)
        {
            return named;
        }

        if (!_candidate.IsMatch(color))
        {
            return Invalid;
        }

        if (_percent.Match(color) is { Success: true } percent)
        {
            color = "#" + Join(percent, value => (int)(value / 100.0 * 255));
        }

        if (_numbers.Match(color) is { Success: true } numbers)
        {
            color = "#" + Join(numbers, value => value);
        }

        return color.StartsWith('#') ? Normalize(color) : Invalid;
    }

    /// <summary>An <c>rgb(r,g,b)</c> of a style, read leniently.</summary>
    public static string FromRgbText(string value)
    {
        var parts = string.Concat(value.Where(c => char.IsAsciiDigit(c) || c == ',')).Split(',');
        var channels = Enumerable.Range(0, 3)
            .Select(i => i < parts.Length && long.TryParse(parts[i], CultureInfo.InvariantCulture, out var n) ? Math.Min(n, 255) : 0);
        return "#" + string.Concat(channels.Select(c => c.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>Whether two colours are too alike for text of the one to be read on the other.</summary>
    public static bool AreIndistinct(string foreground, string background)
    {
        if (Channels(foreground) is not var (red, green, blue) || Channels(background) is not var (otherRed, otherGreen, otherBlue))
        {
            return false;
        }

        return Math.Sqrt(
            Math.Pow(0.2126 * (red - otherRed), 2) + Math.Pow(0.7152 * (green - otherGreen), 2)
            + Math.Pow(0.0722 * (blue - otherBlue), 2)) < Indistinct;
    }

    // Six digits behind at most one number sign; as in Perl, a line feed may end the text. Asked for every piece of text of a page.
    private static (int Red, int Green, int Blue)? Channels(ReadOnlySpan<char> color)
    {
        color = color is ['#', ..] ? color[1..] : color;
        color = color is [.., '\n'] ? color[..^1] : color;
        return color.Length == 6 && !color.ContainsAnyExcept(_lowerHex) ? (Hex(color[..2]), Hex(color[2..4]), Hex(color[4..])) : null;
    }

    private static string Normalize(string color)
    {
        var hex = string.Concat(color.Where(char.IsAsciiHexDigit));
        hex = hex.Length > 6 ? hex[..6] : hex;
        hex = hex.Length is > 3 and < 6 ? hex[..3] : hex;
        hex = hex.PadRight((hex.Length + 2) / 3 * 3, '0');
        return "#" + (hex.Length == 3 ? string.Concat(hex.Select(c => new string(c, 2))) : hex);
    }

    private static string? ByName(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetter(name[0]) || name == "rebeccapurple")
        {
            return null;
        }

        var color = Color.FromName(name.Replace("grey", "gray", StringComparison.Ordinal));
        return color is { IsKnownColor: true, IsSystemColor: false } && name != "transparent"
            ? $"#{color.R:x2}{color.G:x2}{color.B:x2}"
            : null;
    }

    private static string Join(Match match, Func<long, long> channel) =>
        string.Concat(
            Enumerable.Range(1, 3).Select(i =>
                channel(long.Parse(match.Groups[i].ValueSpan, CultureInfo.InvariantCulture)).ToString("x2", CultureInfo.InvariantCulture)));

    private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
