using System.Text;
using System.Text.RegularExpressions;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Html;

/// <summary>Renders HTML to the text a reader sees, and gathers what the html rules ask (SpamAssassin's HTML.pm).</summary>
internal sealed class HtmlRenderer
{
    private static readonly HashSet<string> _elements = [.. (
        "a abbr acronym address area b base bdo big blockquote body br button caption cite code col colgroup dd del dfn div dl dt em "
            + "fieldset form "
        + "h1 h2 h3 h4 h5 h6 head hr html i img input ins kbd label legend li link map meta noscript object ol optgroup option p param "
        + "pre q samp script "
        + "select small span strong style sub sup table tbody td textarea tfoot th thead title tr tt ul var applet basefont center dir "
        + "font frame frameset "
        + "iframe isindex menu noframes s strike u nobr x-sigsep x-tab").Split(' ')];

    private static readonly HashSet<string> _tricks = ["bgsound", "embed", "listing", "plaintext", "xmp"];
    private static readonly PerlRegex _namespaced = new("^(?:o|st\\d):[\\w-]+/?$");
    private static readonly PerlRegex _selfClosed = new("<(\\w+)\\s*/>");
    private static readonly PerlRegex _face = new(
        "^\\s*[\"'.]?[a-z ][a-z -]*[a-z]\\d?[\"']?(?:,\\s*[\"']?[a-z][a-z -]*[a-z]\\d?[\"']?)*;?$", RegexOptions.IgnoreCase);

    private static readonly PerlRegex _pixels = new("^(\\d{1,9})(%)?$");
    private static readonly PerlRegex _metaCharset = new("\\bcharset\\s*=\\s*[\"']?([^\"']+)", RegexOptions.IgnoreCase);

    private readonly HtmlResults _results = new();
    private readonly HtmlLinks _links;
    private readonly TextStyles _styles = new();
    private readonly DisplayedText _text = new();
    private int _tags;
    private int _elementCount;
    private int _tagsSeen;
    private int _elementsSeen;
    private int _closedExtra;
    private int _obfuscation;
    private double _imageArea;
    private string _lastAnchor = "";

    private HtmlRenderer() => _links = new HtmlLinks(_results);

    public string Text { get; private set; } = "";

    /// <summary>What is seen; the same object as <see cref="Text"/> where nothing is hidden.</summary>
    public string Visible { get; private set; } = "";

    public string Invisible { get; private set; } = "";

    public HtmlResults Results => _results;

    public static HtmlRenderer Render(string html)
    {
        var renderer = new HtmlRenderer();
        var text = _selfClosed.Replace(html.Replace("&nbsp;", " ", StringComparison.Ordinal), "<$1>").Replace('\u201C', '"')
            .Replace('\u201D', '"');
        foreach (var token in HtmlTokenizer.Read(text))
        {
            renderer.Take(token);
        }

        renderer.Finish(html.Length);
        return renderer;
    }

    private void Take(HtmlToken token)
    {
        switch (token.Kind)
        {
            case HtmlTokenKind.Start:
                Tag(token.Text, token.Attributes!, isStart: true);
                break;
            case HtmlTokenKind.End:
                Tag(token.Text, [], isStart: false);
                break;
            case HtmlTokenKind.Text:
                TakeText(token.Text);
                break;
            case HtmlTokenKind.Comment:
                _results.Comments.Add(token.Text);
                break;
            default:
                if (token.Text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase))
                {
                    _elementCount++;
                    _tags++;
                    _results.Inside["!doctype"] = 0;
                }

                break;
        }
    }

    private void Tag(string tag, Dictionary<string, string> attributes, bool isStart)
    {
        var isNamespaced = _namespaced.IsMatch(tag);
        var isElement = _elements.Contains(tag);
        var isNew = !_results.Inside.ContainsKey(tag);
        _tags++;
        _tagsSeen += isNew ? 1 : 0;
        if (isElement || isNamespaced)
        {
            _elementCount++;
            _elementsSeen += isNew ? 1 : 0;
        }

        var depth = _results.Inside.GetValueOrDefault(tag) + (isStart ? 1 : -1);
        _closedExtra += depth < 0 ? 1 : 0;
        _results.Inside[tag] = Math.Max(depth, 0);
        if (isNamespaced || (!isElement && !_tricks.Contains(tag)))
        {
            return;
        }

        if (TextStyles.Applies(tag))
        {
            if (isStart)
            {
                _styles.Open(tag, attributes);
            }
            else
            {
                _styles.Close(tag);
            }
        }

        _text.Break(tag);
        if (isStart)
        {
            _links.Read(tag, attributes);
            Test(tag, attributes);
        }
    }

    private void TakeText(string text)
    {
        if (_results.Inside.GetValueOrDefault("script") > 0)
        {
            _results.Scripts.Add(text);
            return;
        }

        if (_results.Inside.GetValueOrDefault("style") > 0)
        {
            return;
        }

        if (_results.Inside.GetValueOrDefault("a") > 0)
        {
            AppendAnchor(text);
        }

        if (_results.Inside.GetValueOrDefault("title") > 0 && _results.Titles.Count > 0)
        {
            _results.Titles[^1].Append(text);
        }

        var invisible = !PerlSpace.IsBlank(text) && IsInvisible();
        if (_text.Last is { } last && text.Length > 0 && last.Length > 0 && IsWordCharacter(text[0]) && IsWordCharacter(last[^1]))
        {
            _obfuscation++;
        }

        _text.Add(text, invisible);
    }

    private bool IsInvisible()
    {
        var style = _styles.Current;
        if (Tail(style.Foreground).SequenceEqual(Tail(style.Background)) || CssColor.AreIndistinct(style.Foreground, style.Background))
        {
            _results.Flags.Add("font_low_contrast");
            return true;
        }

        if (style.Foreground == CssColor.Invalid || style.Background == CssColor.Invalid)
        {
            _results.Flags.Add("font_invalid_color");
            return true;
        }

        return style.Size <= 1 || "none".Equals(style.Display, StringComparison.OrdinalIgnoreCase)
            || "hidden".Equals(style.Visibility, StringComparison.OrdinalIgnoreCase);
    }

    private void Test(string tag, Dictionary<string, string> attributes)
    {
        switch (tag)
        {
            case "font" when attributes.TryGetValue("face", out var face) && !_face.IsMatch(face):
                _results.Flags.Add("font_face_bad");
                break;
            case "img":
                TestImage(attributes);
                break;
            case "form" when attributes.TryGetValue("action", out var action)
                && action.Contains("mailto:", StringComparison.OrdinalIgnoreCase):
                _results.Flags.Add("form_action_mailto");
                break;
            case "object" or "embed":
                _results.Flags.Add("embeds");
                break;
            case "a":
                _lastAnchor = attributes.TryGetValue("href", out var href) ? _links.Canonical(href) : "";
                _links.Link(_lastAnchor).AnchorTexts.Add(new StringBuilder());
                _results.Anchors.Add(new StringBuilder());
                break;
            case "title":
                _results.Titles.Add(new StringBuilder());
                break;
            case "meta" when attributes.TryGetValue("http-equiv", out var equiv)
                && equiv.Contains("content-type", StringComparison.OrdinalIgnoreCase)
                && attributes.TryGetValue("content", out var content) && _metaCharset.Match(content) is { Success: true } match:
                _results.Charsets = _results.Charsets is null ? match.Groups[1].Value : $"{_results.Charsets} {match.Groups[1].Value}";
                break;
        }
    }

    private void TestImage(Dictionary<string, string> attributes)
    {
        if (_results.Inside.GetValueOrDefault("a") > 0)
        {
            AppendAnchor("<img>\n");
        }

        if (attributes.TryGetValue("width", out var width) && attributes.TryGetValue("height", out var height))
        {
            _imageArea += Pixels(width, 8) * Pixels(height, 6);
        }
    }

    private void AppendAnchor(string text)
    {
        var texts = _links.Link(_lastAnchor).AnchorTexts;
        if (texts.Count == 0)
        {
            texts.Add(new StringBuilder());
        }

        texts[^1].Append(text);
        if (_results.Anchors.Count == 0)
        {
            _results.Anchors.Add(new StringBuilder());
        }

        _results.Anchors[^1].Append(text);
    }

    private void Finish(int length)
    {
        Text = _text.All();
        (Visible, Invisible) = _text.Hides ? (_text.Where(invisible: false), _text.Where(invisible: true)) : (Text, "");
        var numbers = _results.Numbers;
        numbers["image_area"] = _imageArea;
        numbers["length"] = length;
        numbers["min_size"] = _styles.Smallest;
        numbers["max_size"] = _styles.Largest;
        if (_tags > 0)
        {
            numbers["closed_extra_ratio"] = _closedExtra / (double)_tags;
        }

        if (_elementCount > 0)
        {
            numbers["bad_tag_ratio"] = (_tags - _elementCount) / (double)_tags;
        }

        if (_elementsSeen > 0)
        {
            numbers["non_element_ratio"] = (_tagsSeen - _elementsSeen) / (double)_tagsSeen;
        }

        if (_tags > 0 && _obfuscation > 0)
        {
            numbers["obfuscation_ratio"] = _obfuscation / (double)_tags;
        }
    }

    private static double Pixels(string text, int perPercent)
    {
        var match = _pixels.Match(text);
        var value = match.Success ? double.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : 0;
        value *= match.Groups[2].Success ? perPercent : 1;
        return value <= 0 ? 200 : value;
    }

    private static bool IsWordCharacter(char c) =>
        !char.IsWhiteSpace(c) && c is not ((>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~'));

    private static ReadOnlySpan<char> Tail(string color) => color.Length > 6 ? color.AsSpan(color.Length - 6) : color;

    /// <summary>Pieces of shown text and of white space between blocks; white space at their seams is one blank or none.</summary>
    private sealed class DisplayedText
    {
        private readonly List<(string Text, bool IsSpace, bool Invisible)> _pieces = [];

        public bool Hides => _pieces.Exists(p => p.Invisible);

        public string? Last => _pieces.Count == 0 ? null : _pieces[^1].Text;

        public string All() => Join(_pieces.Select(p => p.Text));

        public string Where(bool invisible) => Join(_pieces.Where(p => p.Invisible == invisible).Select(p => p.Text));

        public void Break(string tag)
        {
            var space = tag switch
            {
                "br" or "div" => "\n",
                "li" or "td" or "th" or "dt" or "dd" or "embed" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6" => " ",
                "p" or "hr" or "blockquote" or "pre" or "listing" or "plaintext" or "xmp" or "title" => "\n\n",
                _ => null,
            };
            if (space is null)
            {
                return;
            }

            if (_pieces.Count > 0 && _pieces[^1] is { IsSpace: false, Invisible: false } last && last.Text.EndsWith(' '))
            {
                _pieces[^1] = last with { Text = last.Text[..^1] };
            }

            _pieces.Add((space, true, false));
        }

        public void Add(string text, bool invisible)
        {
            var collapsed = Collapse(text);
            if (_pieces.Count > 0 && !invisible && _pieces[^1].IsSpace && collapsed.StartsWith(' '))
            {
                collapsed = collapsed[1..];
            }

            _pieces.Add((collapsed, false, invisible));
        }

        private static string Collapse(string text)
        {
            var collapsed = new StringBuilder(text.Length);
            var inSpace = false;
            foreach (var c in text)
            {
                var isSpace = c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';
                if (!isSpace || !inSpace)
                {
                    collapsed.Append(isSpace ? ' ' : c);
                }

                inSpace = isSpace;
            }

            return collapsed.ToString();
        }

        private static string Join(IEnumerable<string> pieces) => string.Concat(pieces);
    }
}
