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
            var (name, value) = CssDeclaration.Read(part);
            style = name switch
            {
                "color" => StyleColor(value) is { } color ? style with { Foreground = color } : style,
                "background-color" => StyleColor(value) is { } color ? style with { Background = color } : style,
                "background" => StyleBackground(value) is { } color ? style with { Background = color } : style,
                "display" => style with { Display = value },
                "visibility" => style with { Visibility = value },
                _ => style,
            };
        }

        style = style.Background == "transparent" ? style with { Background = Current.Background } : style;
        return style.Foreground == "transparent" ? style with { Foreground = style.Background } : style;
    }

    private static string? StyleBackground(string text) =>
        CssLayers.Last(text.ToLowerInvariant()).Select(CssColor.Parse).FirstOrDefault(c => c != CssColor.Invalid);

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
