using Backstop.Mail;

namespace Backstop.SpamRules.Html;

/// <summary>
/// Takes HTML apart as Perl's HTML::Parser 3.81 does, because SpamAssassin's rules were written against its output. Linear: every
/// position is passed once, except in an unclosed comment, which is read again up to its first <c>&gt;</c>.
/// </summary>
internal sealed partial class HtmlTokenizer
{
    private static readonly (string Name, bool IsCdata)[] _literal =
        [("script", true), ("style", true), ("xmp", true), ("iframe", true), ("plaintext", true), ("title", false), ("textarea", false)];

    private readonly string _html;
    private readonly List<HtmlToken> _tokens = [];
    private int _at;
    private bool _commentsEndAtGreaterThan;

    // No title behind here has an end tag either: it is not searched for again.
    private bool _titlesStayOpen;

    private HtmlTokenizer(string html) => _html = html;

    private int End => _html.Length;

    public static List<HtmlToken> Read(string html)
    {
        var tokenizer = new HtmlTokenizer(html);
        tokenizer.Run();
        return tokenizer._tokens;
    }

    private void Run()
    {
        while (_at < End)
        {
            MessageBudget.Charge(0);
            if (_html[_at] == '<' && TryMarkup())
            {
                continue;
            }

            var next = _html.IndexOf('<', _at + 1);
            if (next < 0)
            {
                AddLastText();
                return;
            }

            AddText(_at, next, isCdata: false);
            _at = next;
        }
    }

    /// <summary>The last word stands alone: HTML::Parser waits for it to be ended, and at the end gives it by itself.</summary>
    private void AddLastText()
    {
        var split = End - 1;
        if (IsSpace(_html[split]))
        {
            while (split >= _at && IsSpace(_html[split]))
            {
                split--;
            }
        }
        else
        {
            while (split >= _at && !IsSpace(_html[split]))
            {
                split--;
            }

            while (split >= _at && IsSpace(_html[split]))
            {
                split--;
            }
        }

        AddText(_at, split + 1, isCdata: false);
        AddText(split + 1, End, isCdata: false);
        _at = End;
    }

    /// <summary>Reads markup; false if the <c>&lt;</c> is text.</summary>
    private bool TryMarkup()
    {
        if (_at + 1 >= End)
        {
            return TakeRestAsComment();
        }

        var c = _html[_at + 1];
        var end = c switch
        {
            '/' => EndTag(),
            '!' => Declaration(),
            '?' => Process(),
            _ when char.IsAsciiLetter(c) || c == '_' => StartTag(),
            _ => -1,
        };
        if (end == _at)
        {
            return TakeRestAsComment();
        }

        if (end < 0)
        {
            return false;
        }

        _at = end;
        if (_tokens.Count > 0 && c is not ('/' or '!' or '?') && _tokens[^1].Kind == HtmlTokenKind.Start)
        {
            ReadLiteral(_tokens[^1].Text);
        }

        return true;
    }

    /// <summary>Markup that never ends: an unclosed comment ends at its first <c>&gt;</c>, all else is one comment to the end.</summary>
    private bool TakeRestAsComment()
    {
        if (!_commentsEndAtGreaterThan && _html.AsSpan(_at).StartsWith("<!--"))
        {
            _commentsEndAtGreaterThan = true;
            return true;
        }

        _tokens.Add(new HtmlToken(HtmlTokenKind.Comment, _html[_at..]));
        _at = End;
        return true;
    }

    private int StartTag()
    {
        var s = SkipNot(_at + 2, " >");
        var name = _html[(_at + 1)..s].ToLowerInvariant();
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        s = SkipSpace(s);
        while (s < End && _html[s] != '>')
        {
            var start = s;
            s = SkipNot(s + 1, " =>");
            var key = _html[start..s].ToLowerInvariant();
            s = SkipSpace(s);
            if (s >= End)
            {
                return _at;
            }

            var value = key;
            if (_html[s] == '=' && !TryValue(ref s, out value))
            {
                return _at;
            }

            attributes.TryAdd(key, value);
        }

        if (s >= End)
        {
            return _at;
        }

        _tokens.Add(new HtmlToken(HtmlTokenKind.Start, name, attributes));
        return s + 1;
    }

    private bool TryValue(ref int s, out string value)
    {
        value = "";
        s = SkipSpace(s + 1);
        if (s >= End)
        {
            return false;
        }

        if (_html[s] == '>')
        {
            return true;
        }

        var start = s;
        if (_html[s] is '"' or '\'')
        {
            var close = _html.IndexOf(_html[s], s + 1);
            if (close < 0)
            {
                return false;
            }

            (start, s) = (s + 1, close);
            value = HtmlEntities.Decode(_html[start..s], expandPrefix: false);
            s = SkipSpace(s + 1);
            return s < End;
        }

        s = SkipNot(s, " >");
        value = HtmlEntities.Decode(_html[start..s], expandPrefix: false);
        s = SkipSpace(s);
        return s < End;
    }

    private int EndTag()
    {
        var start = _at + 2;
        if (start >= End)
        {
            return _at;
        }

        var isTag = !IsSpace(_html[start]) && _html[start] != '>';
        var nameEnd = isTag ? SkipNot(start + 1, " >") : start;
        var end = SkipUntilGreaterThan(nameEnd);
        if (end >= End)
        {
            return _at;
        }

        _tokens.Add(isTag
            ? new HtmlToken(HtmlTokenKind.End, _html[start..nameEnd].ToLowerInvariant())
            : new HtmlToken(HtmlTokenKind.Comment, _html[_at..(end + 1)]));
        return end + 1;
    }

    /// <summary>Inside script, style, title and their like only the end tag counts.</summary>
    private void ReadLiteral(string tag)
    {
        var index = Array.FindIndex(_literal, l => l.Name == tag);
        if (index < 0)
        {
            return;
        }

        var mayEnd = tag != "plaintext" && !(tag == "title" && _titlesStayOpen);
        for (
            var lt = mayEnd ? _html.IndexOf("</", _at, StringComparison.Ordinal) : -1; lt >= 0; lt = _html.IndexOf(
                "</", lt + 2, StringComparison.Ordinal))
        {
            var after = lt + 2 + tag.Length;
            if (after <= End && _html.AsSpan(lt + 2, tag.Length).Equals(tag, StringComparison.OrdinalIgnoreCase)
                && (after = SkipSpace(after)) < End && _html[after] == '>')
            {
                AddText(_at, lt, _literal[index].IsCdata);
                _tokens.Add(new HtmlToken(HtmlTokenKind.End, tag));
                _at = after + 1;
                return;
            }
        }

        if (tag is "script" or "style")
        {
            AddText(_at, End, isCdata: true);
            _tokens.Add(new HtmlToken(HtmlTokenKind.End, tag));
            _at = End;
        }
        else if (tag != "title")
        {
            AddText(_at, End, _literal[index].IsCdata);
            _at = End;
        }
        else
        {
            EndTitleAtNextMarkup();
        }
    }

    /// <summary>A title never closed ends with its first text.</summary>
    private void EndTitleAtNextMarkup()
    {
        _titlesStayOpen = true;
        var next = _html.IndexOf('<', _at);
        next = next < 0 ? End : next;
        AddText(_at, next, isCdata: false);
        _tokens.Add(new HtmlToken(HtmlTokenKind.End, "title"));
        _at = next;
    }

    private void AddText(int start, int end, bool isCdata)
    {
        if (end > start)
        {
            var text = _html[start..end];
            _tokens.Add(new HtmlToken(HtmlTokenKind.Text, isCdata ? text : HtmlEntities.Decode(text, expandPrefix: true)));
        }
    }

    /// <summary>Quotes behind a <c>=</c> or a blank hide a <c>&gt;</c>, as old browsers had it.</summary>
    private int SkipUntilGreaterThan(int s)
    {
        var quote = '\0';
        var previous = ' ';
        for (; s < End; s++)
        {
            var c = _html[s];
            if (quote == '\0' && c == '>')
            {
                return s;
            }

            if (c is '"' or '\'')
            {
                quote = c == quote ? '\0' : quote == '\0' && (previous == '=' || IsSpace(previous)) ? c : quote;
            }

            previous = c;
        }

        return End;
    }

    private int SkipSpace(int s)
    {
        while (s < End && IsSpace(_html[s]))
        {
            s++;
        }

        return s;
    }

    /// <summary>Skips what is neither a blank (for the ' ' in <paramref name="stops"/>) nor one of the others.</summary>
    private int SkipNot(int s, string stops)
    {
        while (s < End && !IsSpace(_html[s]) && !stops.Contains(_html[s], StringComparison.Ordinal))
        {
            s++;
        }

        return s;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f';
}
