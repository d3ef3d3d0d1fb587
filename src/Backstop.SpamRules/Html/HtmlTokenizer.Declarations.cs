namespace Backstop.SpamRules.Html;

/// <summary>Declarations, comments and processing instructions.</summary>
internal sealed partial class HtmlTokenizer
{
    private int Declaration()
    {
        var s = _at + 2;
        if (s >= End)
        {
            return _at;
        }

        if (_html[s] == '-' && (s + 1 >= End || _html[s + 1] == '-'))
        {
            return s + 1 >= End ? _at : Comment(s + 2);
        }

        if (_html[s] == '[' && TryMarkedSection(s + 1, out var end))
        {
            return end;
        }

        if (char.IsAsciiLetter(_html[s]) && TryDoctype(s, out end))
        {
            return end;
        }

        var close = _html.IndexOf('>', s);
        if (close < 0)
        {
            return _at;
        }

        _tokens.Add(new HtmlToken(HtmlTokenKind.Comment, _html[_at..(close + 1)]));
        return close + 1;
    }

    private int Comment(int s)
    {
        if (_commentsEndAtGreaterThan || _html.AsSpan(s).StartsWith(">") || _html.AsSpan(s).StartsWith("->"))
        {
            var close = _html.IndexOf('>', s);
            return close < 0 ? _at : AddComment(close + 1);
        }

        for (
            var dash = _html.IndexOf("--", s, StringComparison.Ordinal); dash >= 0; dash = _html.IndexOf(
                "--", dash + 1, StringComparison.Ordinal))
        {
            var after = SkipSpace(dash + 2);
            if (after < End && _html[after] == '>')
            {
                return AddComment(after + 1);
            }
        }

        return _at;
    }

    private int AddComment(int end)
    {
        _tokens.Add(new HtmlToken(HtmlTokenKind.Comment, _html[_at..end]));
        return end;
    }

    /// <summary>
    /// <c>&lt;![CDATA[ … ]]&gt;</c> is text, an INCLUDE is read, an IGNORE is not; anything else is not a marked section.
    /// </summary>
    private bool TryMarkedSection(int s, out int end)
    {
        end = 0;
        var open = _html.IndexOf('[', s);
        if (open < 0 || open - s > 16)
        {
            return false;
        }

        var keyword = _html.AsSpan(s, open - s).Trim();
        var isCdata = keyword.Equals("CDATA", StringComparison.OrdinalIgnoreCase)
            || keyword.Equals("RCDATA", StringComparison.OrdinalIgnoreCase);
        var isIgnore = keyword.Equals("IGNORE", StringComparison.OrdinalIgnoreCase);
        if (!isCdata && !isIgnore)
        {
            return false;
        }

        var close = _html.IndexOf("]]>", open, StringComparison.Ordinal);
        end = close < 0 ? End : close + 3;
        if (isCdata)
        {
            AddText(open + 1, close < 0 ? End : close, isCdata: true);
        }

        return true;
    }

    private bool TryDoctype(int s, out int end)
    {
        end = s;
        while (end < End && (char.IsAsciiLetterOrDigit(_html[end]) || _html[end] is '-' or '.' or '_' or ':'))
        {
            end++;
        }

        var word = _html.AsSpan(s, end - s);
        if (!word.Equals("DOCTYPE", StringComparison.OrdinalIgnoreCase) && !word.Equals("ENTITY", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        while (end < End && _html[end] != '>')
        {
            var quote = _html[end] is '"' or '\'' ? _html.IndexOf(_html[end], end + 1) : end;
            if (quote < 0)
            {
                end = _at;
                return true;
            }

            end = quote + 1;
        }

        if (end >= End)
        {
            end = _at;
            return true;
        }

        _tokens.Add(new HtmlToken(HtmlTokenKind.Declaration, _html[_at..++end]));
        return true;
    }

    private int Process()
    {
        var close = _html.IndexOf('>', _at + 2);
        return close < 0 ? _at : close + 1;
    }
}
