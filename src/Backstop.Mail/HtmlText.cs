using System.Text;
using MimeKit.Text;

namespace Backstop.Mail;

/// <summary>Extracts the text of HTML, without layout. For finding words, not for display.</summary>
internal static class HtmlText
{
    private static readonly HashSet<HtmlTagId> _breaks =
    [
        HtmlTagId.Br, HtmlTagId.P, HtmlTagId.Div, HtmlTagId.TR, HtmlTagId.LI, HtmlTagId.H1, HtmlTagId.H2, HtmlTagId.H3, HtmlTagId.H4,
        HtmlTagId.Pre, HtmlTagId.Table, HtmlTagId.BlockQuote, HtmlTagId.DT, HtmlTagId.DD, HtmlTagId.HR,
    ];

    /// <summary>Removes the tags and decodes the entities; block elements become line ends.</summary>
    /// <param name="html">Any text.</param>
    public static string Read(string html)
    {
        using var reader = new StringReader(html);
        var tokenizer = new HtmlTokenizer(reader) { DecodeCharacterReferences = true };
        var text = new StringBuilder(html.Length / 2);
        var hidden = 0;
        while (tokenizer.ReadNextToken(out var token))
        {
            MessageBudget.Charge(0);
            switch (token)
            {
                case HtmlTagToken { Id: HtmlTagId.Style or HtmlTagId.Script or HtmlTagId.Title } tag:
                    hidden = tag.IsEndTag ? 0 : 1;
                    break;
                case HtmlTagToken tag when _breaks.Contains(tag.Id):
                    text.Append('\n');
                    break;
                case HtmlTagToken tag when tag.Name.Contains('@', StringComparison.Ordinal):
                    // An unescaped address in angle brackets: plain text labelled as HTML.
                    text.Append('<').Append(tag.Name).Append('>');
                    break;
                case HtmlDataToken data when hidden == 0 && token.Kind == HtmlTokenKind.Data:
                    text.Append(data.Data);
                    break;
                default:
                    break;
            }
        }

        return text.ToString();
    }
}
