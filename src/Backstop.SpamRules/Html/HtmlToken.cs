namespace Backstop.SpamRules.Html;

internal enum HtmlTokenKind
{
    Start,
    End,
    Text,
    Comment,
    Declaration,
}

/// <summary>
/// One piece of an HTML text. <paramref name="Text"/>: the tag's name in lower case, the decoded text, or the markup as it stands.
/// </summary>
internal readonly record struct HtmlToken(HtmlTokenKind Kind, string Text, Dictionary<string, string>? Attributes = null);
