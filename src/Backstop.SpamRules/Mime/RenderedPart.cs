using Backstop.SpamRules.Html;

namespace Backstop.SpamRules.Mime;

/// <summary>The text of a leaf as a reader sees it. Unicode. Null text: a part that has none (an image, a program).</summary>
/// <param name="Type">text/plain, text/html or null.</param>
/// <param name="Text">All of it.</param>
/// <param name="Visible">What is seen.</param>
/// <param name="Invisible">What HTML hides from the eye; empty for plain text.</param>
/// <param name="IsWide">The text was decoded, or holds a character beyond Latin-1: it goes to the rules as UTF-8, else as it is.</param>
/// <param name="Html">What the html rules ask; null for plain text.</param>
internal sealed record RenderedPart(string? Type, string? Text, string? Visible, string? Invisible, HtmlResults? Html, bool IsWide = false)
{
    private static readonly RenderedPart _none = new(null, null, null, null, null);

    public static RenderedPart Of(MimeNode node)
    {
        var type = node.EffectiveType;
        if (type is not ("text/plain" or "text/html"))
        {
            return _none;
        }

        var octets = node.DecodedBody();
        var text = Charsets.Decode(octets, node.Charset ?? "us-ascii", insist: false, out var isDecoded);
        if (octets.Length == 0 || type != "text/html")
        {
            return new RenderedPart(type, text, text, "", null, isDecoded);
        }

        var html = HtmlRenderer.Render(text);
        html.Results.SetLengths(html.Text, octets.Length);
        return new RenderedPart(
            "text/html", html.Text, html.Visible, html.Invisible, html.Results, isDecoded || html.Text.Any(c => c > 0xFF));
    }
}
