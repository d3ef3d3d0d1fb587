using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>The parts of one address as they stand in the text, from start to end; missing parts are null.</summary>
/// <param name="Phrase">The words before an angle address, or all of an entry that holds no address.</param>
/// <param name="Angled">What stands between angles.</param>
/// <param name="Bare">An address without angles.</param>
/// <param name="Comment">What stands in the round brackets behind it.</param>
internal readonly record struct AddressParts(Range? Phrase, Range? Angled, Range? Bare, Range? Comment);

/// <summary>
/// Takes addresses from a field's body one after another. Every octet is looked at a fixed number of times: a choice once refuted is not
/// tried again, whatever the text.
/// </summary>
/// <remarks>
/// Follows the choices of SpamAssassin's expression ($header_address_re): a mailbox, else words and an angle address, else words; behind
/// it a comment and a separator. Inside angles the longest text wins that ends at a closing angle and is followed by one of these.
/// </remarks>
internal ref struct AddressScanner(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;

    // The last quoted string and the last comment: where each began, and the octet that ended it. Whatever begins inside begins with an
    // escaped octet, so the escapes behind it fall the same way and it has the same end.
    private (int Start, int End) _quoted = (-1, -1);
    private (int Start, int End) _comment = (-1, -1);

    // The first octet of ">@" behind the last opening angle, and how far closing angles were looked at.
    private int _stop = -1;
    private int _refuted;

    /// <summary>Where the next entry begins.</summary>
    public int Position { get; private set; }

    /// <summary>Takes the next entry and its separator. False at the end, and where the text is not part of an address list.</summary>
    public bool TryRead(out AddressParts parts)
    {
        var start = SkipSpace(Position);
        parts = default;
        var mailbox = ReadMailbox(start);
        if (mailbox > start && EndsAt(mailbox, out var end, out var comment))
        {
            (parts, Position) = (new(null, null, start..mailbox, comment), end);
            return true;
        }

        var words = ReadWords(start, out var lastRun);
        if (words < _text.Length && _text[words] == '<' && TryReadAngled(words, out var angled, out end, out comment))
        {
            (parts, Position) = (new(words > start ? start..words : null, angled, null, comment), end);
            return true;
        }

        // A comment that holds a separator, a quote or an angle begins in the last run of words.
        // Perl takes blanks alone for words.
        start -= words == start && start > Position ? 1 : 0;
        if (words == start
            || (!EndsAt(words, out end, out comment) && (lastRun <= start || !EndsAt(words = lastRun, out end, out comment))))
        {
            return false;
        }

        (parts, Position) = (new(start..words, null, null, comment), end);
        return true;
    }

    /// <summary>The end of the mailbox (<c>local-part@domain</c>) that begins here; where it begins when there is none.</summary>
    public int ReadMailbox(int start)
    {
        var quoted = ReadQuoted(start);
        var end = quoted > start && quoted < _text.Length && _text[quoted] == '@' ? ReadDomain(quoted + 1) : -1;
        if (end > quoted + 1)
        {
            return end;
        }

        var at = start;
        while (at < _text.Length && _text[at] != '@' && IsWord(_text[at]))
        {
            at++;
        }

        end = at > start && at < _text.Length && _text[at] == '@' ? ReadDomain(at + 1) : 0;
        return end > at + 1 ? end : start;
    }

    /// <summary>Behind the quoted string that begins here; where it begins when there is none.</summary>
    public int ReadQuoted(int start)
    {
        if (start >= _text.Length || _text[start] != '"')
        {
            return start;
        }

        if (start <= _quoted.Start || start >= _quoted.End)
        {
            var end = start + 1;
            while (end < _text.Length && _text[end] != '"')
            {
                end += _text[end] == '\\' ? 2 : 1;
            }

            _quoted = (start, Math.Min(end, _text.Length));
        }

        return _quoted.End < _text.Length ? _quoted.End + 1 : start;
    }

    /// <summary>Behind the comment that begins here and holds no other; where it begins when there is none.</summary>
    public int ReadComment(int start)
    {
        if (start >= _text.Length || _text[start] != '(')
        {
            return start;
        }

        if (start <= _comment.Start || start >= _comment.End)
        {
            var end = start + 1;
            while (end < _text.Length && _text[end] is not ('(' or ')'))
            {
                end += _text[end] == '\\' ? 2 : 1;
            }

            _comment = (start, Math.Min(end, _text.Length));
        }

        return _comment.End < _text.Length && _text[_comment.End] == ')' ? _comment.End + 1 : start;
    }

    private static bool IsWord(char c) => c is not ('<' or '>' or '(' or ')' or '[' or ']' or ',' or ':' or ';') && !PerlSpace.Is(c);

    private readonly int SkipSpace(int at)
    {
        while (at < _text.Length && PerlSpace.Is(_text[at]))
        {
            at++;
        }

        return at;
    }

    // Quoted strings, and runs of anything else but separators, quotes and opening angles.
    private int ReadWords(int start, out int lastRun)
    {
        (var at, lastRun) = (start, start);
        while (at < _text.Length && _text[at] is not (',' or ';' or '<'))
        {
            if (_text[at] == '"')
            {
                var quoted = ReadQuoted(at);
                if (quoted == at)
                {
                    break;
                }

                at = quoted;
                continue;
            }

            lastRun = at;
            var run = _text[at..].IndexOfAny("\",;<");
            at = run < 0 ? _text.Length : at + run;
        }

        return at;
    }

    private readonly int ReadDomain(int start)
    {
        var at = start;
        while (at < _text.Length && _text[at] != '"' && IsWord(_text[at]))
        {
            at++;
        }

        if (at > start || at >= _text.Length || _text[at] != '[')
        {
            return at;
        }

        var close = at + 1;
        while (close < _text.Length && (char.IsAsciiDigit(_text[close]) || _text[close] is ':' or '.'))
        {
            close++;
        }

        return close > at + 1 && close < _text.Length && _text[close] == ']' ? close + 1 : start;
    }

    /// <summary>Whether an entry may end here: a comment or none, then a separator or the end of the text.</summary>
    private bool EndsAt(int at, out int end, out Range? comment)
    {
        var open = SkipSpace(at);
        var close = ReadComment(open);
        end = SkipSpace(close);
        comment = close > open ? (open + 1)..(close - 1) : null;
        var isEnd = end >= _text.Length || _text[end] is ',' or ';';
        end = Math.Min(end + 1, _text.Length);
        return isEnd;
    }

    /// <summary>
    /// Reads <c>&lt;address&gt;</c> and what stands in further angles behind it. The last closing angle before a blank goes first; only
    /// behind that can further angles begin. Where none of them leads to an end, the earlier closing angles are tried, the nearest first.
    /// </summary>
    private bool TryReadAngled(int open, out Range? angled, out int end, out Range? comment)
    {
        (angled, end, comment) = (null, open, null);
        var start = SkipSpace(open + 1);
        var runs = new List<AngleRun>(1);
        for (var run = FirstRun(start); run.Last >= 0; run = NextRun(run.Last + 1))
        {
            runs.Add(run);
            if (EndsAt(run.Last + 1, out end, out comment))
            {
                angled = Content(start, runs[0].Last);
                return true;
            }
        }

        for (var i = runs.Count - 1; i >= 0; i--)
        {
            for (var close = runs[i].Last - 1; close >= runs[i].First; close--)
            {
                if (_text[close] == '>' && EndsAt(close + 1, out end, out comment))
                {
                    angled = Content(start, i > 0 ? runs[0].Last : close);
                    return true;
                }
            }
        }

        return false;
    }

    private readonly Range Content(int start, int close)
    {
        while (close > start && PerlSpace.Is(_text[close - 1]))
        {
            close--;
        }

        return start..close;
    }

    /// <summary>The text behind a first opening angle, from the first octet that can close it or is an at sign.</summary>
    private AngleRun FirstRun(int start)
    {
        if (_stop < start)
        {
            _stop = _text[start..].IndexOfAny('>', '@') is var stop and >= 0 ? start + stop : _text.Length;
        }

        return _stop < _refuted ? AngleRun.None : RunFrom(_stop);
    }

    private AngleRun NextRun(int at)
    {
        var open = SkipSpace(at);
        return open < _text.Length && _text[open] == '<' ? RunFrom(SkipSpace(open + 1)) : AngleRun.None;
    }

    // What was looked at and did not end an entry does not end one that begins later.
    private AngleRun RunFrom(int first)
    {
        var end = first;
        while (end < _text.Length && !PerlSpace.Is(_text[end]))
        {
            end++;
        }

        var behind = SkipSpace(end);
        _refuted = Math.Max(_refuted, end);
        var last = behind < _text.Length && _text[behind] == '>' && end > first ? behind : _text[first..end].LastIndexOf('>') + first;
        return last < first ? AngleRun.None : new(first, last);
    }

    /// <summary>The first and the last place at which angles may close.</summary>
    private readonly record struct AngleRun(int First, int Last)
    {
        public static AngleRun None { get; } = new(0, -1);
    }
}
