using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Html;

/// <summary>How text looks at a place: colours, size, and whether a style hides it.</summary>
internal sealed record TextStyle(string Tag, string Foreground, string Background, double Size, string? Display, string? Visibility);

/// <summary>The stack of styles along an HTML text (HTML.pm, text_style).</summary>
internal sealed class TextStyles
{
    private const int MaxDepth = 5000;

    private static readonly HashSet<string> _styled =
        ["body", "font", "table", "tr", "th", "td", "big", "small", "basefont", "marquee", "span", "p", "div", "a"];

    private static readonly PerlRegex _styleColor = new("^\\s*(background-)?color:\\s*(.+?)\\s*$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _styleBackground = new("^\\s*background:\\s*(.+?)\\s*$");
    private static readonly PerlRegex _styleOther = new("^\\s*([a-z_-]+)\\s*:\\s*(\\S.*?)\\s*$", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _important = new("\\s*!\\s*important$");
    private static readonly PerlRegex _relative = new("^\\s*([+-]\\d{1,6})");
    private static readonly PerlRegex _absolute = new("^\\s*(\\d{1,6})");

    private readonly List<TextStyle> _stack = [new("default", "#000000", "#ffffff", 3, null, null)];
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private double _baseFont = 3;

    public double Largest { get; private set; } = 3;

    public double Smallest { get; private set; } = 3;

    public TextStyle Current => _stack[^1];

    public static bool Applies(string tag) => _styled.Contains(tag);

    public void Open(string tag, Dictionary<string, string> attributes)
    {
        tag = tag == "th" ? "td" : tag;
        if (tag == "basefont" && attributes.TryGetValue("size", out var baseSize) && _absolute.Match(baseSize) is { Success: true } match)
        {
            _baseFont = Number(match);
            return;
        }

        CloseImplied(tag);
        var style = Current with { Tag = tag };
        Push(tag switch
        {
            "big" => style with { Size = style.Size + 1 },
            "small" => style with { Size = style.Size - 1 },
            _ => Apply(style, attributes),
        });
    }

    public void Close(string tag)
    {
        tag = tag == "th" ? "td" : tag;
        if (tag == "body" || _open.GetValueOrDefault(tag) == 0)
        {
            return;
        }

        while (_stack.Count > 1)
        {
            var closed = Current.Tag;
            Pop();
            if (closed == tag)
            {
                return;
            }
        }
    }

    /// <summary>A cell ends the cell before it, a row ends the row.</summary>
    private void CloseImplied(string tag)
    {
        if (tag is not ("td" or "tr") || _open.GetValueOrDefault(tag) == 0)
        {
            return;
        }

        while (_stack.Count > 1 && (Current.Tag is "font" or "td" || (tag == "tr" && Current.Tag == "tr")))
        {
            Pop();
        }
    }

    private void Push(TextStyle style)
    {
        if (_stack.Count < MaxDepth)
        {
            _stack.Add(style);
            _open[style.Tag] = _open.GetValueOrDefault(style.Tag) + 1;
        }
    }

    private void Pop()
    {
        _open[Current.Tag]--;
        _stack.RemoveAt(_stack.Count - 1);
    }

    private TextStyle Apply(TextStyle style, Dictionary<string, string> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            if (!IsAllowed(style.Tag, name))
            {
                continue;
            }

            style = name switch
            {
                "text" or "color" => style with { Foreground = CssColor.Parse(value) },
                "size" => style with { Size = ParseSize(value) ?? style.Size },
                "style" => ApplyStyle(style, value),
                _ => style,
            };
            Largest = Math.Max(Largest, style.Size);
            Smallest = style.Size <= Largest ? Math.Min(Smallest, style.Size) : Smallest;
        }

        return style;
    }

    private double? ParseSize(string value)
    {
        if (_relative.Match(value) is { Success: true } relative)
        {
            return _baseFont + Number(relative);
        }

        return _absolute.Match(value) is { Success: true } absolute ? Number(absolute) : null;
    }

    private TextStyle ApplyStyle(TextStyle style, string text)
    {
        foreach (var part in text.Split(';'))
        {
            if (_styleColor.Match(part) is { Success: true } color)
            {
                var value = StyleColor(color.Groups[2].Value);
                style = value is null ? style
                    : color.Groups[1].Success ? style with { Background = value }
                    : style with { Foreground = value };
            }
            else if (_styleBackground.Match(part) is { Success: true } background)
            {
                var first = CssLayers.Last(background.Groups[1].Value.ToLowerInvariant()).Select(CssColor.Parse)
                    .FirstOrDefault(c => c != CssColor.Invalid);
                style = first is null ? style : style with { Background = first };
            }
            else if (_styleOther.Match(part) is { Success: true } other)
            {
                style = other.Groups[1].Value switch
                {
                    "display" => style with { Display = other.Groups[2].Value },
                    "visibility" => style with { Visibility = other.Groups[2].Value },
                    _ => style,
                };
            }
        }

        style = style.Background == "transparent" ? style with { Background = Current.Background } : style;
        return style.Foreground == "transparent" ? style with { Foreground = style.Background } : style;
    }

    /// <summary>Null: inherit, nothing changes.</summary>
    private static string? StyleColor(string text)
    {
        var value = _important.Replace(text.ToLowerInvariant(), "");
        return value.Contains("rgb", StringComparison.Ordinal) ? CssColor.FromRgbText(value)
            : value == "inherit" ? null
            : value == "transparent" ? value
            : CssColor.Parse(value);
    }

    /// <summary>A bgcolor attribute is known but sets no style of text: SpamAssassin 4.0.1 only names its colour.</summary>
    private static bool IsAllowed(string tag, string name) => tag switch
    {
        "basefont" or "font" => name is "color" or "size",
        "body" => name == "text",
        "table" or "td" or "tr" or "span" or "p" or "div" or "a" => name == "style",
        _ => false,
    };

    private static double Number(Match match) =>
        double.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
