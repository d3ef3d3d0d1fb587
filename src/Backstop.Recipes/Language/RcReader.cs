using System.Text;

namespace Backstop.Recipes.Language;

/// <summary>How a text is read: where it ends, and what blanks mean in it.</summary>
internal enum RcReading
{
    /// <summary>Words to the end of the line: a recipe's first line, folders, addresses, a command without the shell.</summary>
    Words,

    /// <summary>One value, to the first blank outside quotes: an assignment.</summary>
    Value,

    /// <summary>One text to the end of the line: a condition behind its dollar.</summary>
    Text,
}

/// <summary>
/// Reads words, values and texts of an rcfile: quotes, backslashes, substitutions and comments, one octet at a time. The parser uses it to
/// find where they end, a run to put in the values; so both see the same words.
/// </summary>
/// <remarks>
/// procmail 3.22: the rules were compared with its own on 10,000 random lines (DeliverTests in Backstop.Interop). Invariant: a word ends
/// at a NUL in <see cref="_output"/>, as in the argument block a program is given.
/// </remarks>
internal sealed partial class RcReader
{
    private const string Special = "(|)*?+.^$[\\";

    private readonly string _text;
    private readonly RcReading _reading;
    private readonly IRcValues _values;
    private readonly int _limit;
    private readonly StringBuilder _output = new();
    private State _state = State.Nothing;
    private int _at;
    private bool _isDone;
    private int _braces;
    private int _bracesOutsideQuotes;
    private Skipped? _skipped;
    private int _argumentsAt = -1;
    private int _quoteAt;

    /// <summary>Begins to read.</summary>
    /// <param name="text">An rcfile, or a piece of one.</param>
    /// <param name="at">Where in the text to begin.</param>
    /// <param name="reading">What is read.</param>
    /// <param name="values">What variables and commands stand for.</param>
    /// <param name="limit">LINEBUF, less what stands in the line before.</param>
    /// <param name="isQuoted">Whether a double quote is open at the beginning.</param>
    public RcReader(string text, int at, RcReading reading, IRcValues values, int limit = int.MaxValue, bool isQuoted = false)
    {
        _text = text;
        _at = at;
        _reading = reading;
        _values = values;
        _limit = limit;
        _state = isQuoted ? State.DoubleQuotes : State.Nothing;
        End = at;
    }

    // In this order: up to Plain, blanks, newlines and braces are what they are.
    private enum State
    {
        Nothing,
        Blank,
        Plain,
        DoubleQuotes,
        SingleQuotes,
    }

    /// <summary>Where reading stopped: at the blank or newline that ends the text, behind a comment, or at the end.</summary>
    public int At => _at;

    /// <summary>Behind the last octet that is part of the text: before trailing blanks and a comment.</summary>
    public int End { get; private set; }

    /// <summary>Where a quote begins that is never closed; -1 where all are.</summary>
    public int Unclosed { get; private set; } = -1;

    /// <summary>Whether the text was longer than its limit: the rest was dropped, and no command of it was run.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>Where values from a message stand in <see cref="Text"/>.</summary>
    public List<Range> FromMail { get; } = [];

    /// <summary>The text or value.</summary>
    public string Text => _output.ToString();

    /// <summary>The words. A line without any is one empty word.</summary>
    public List<string> Words => [.. _output.ToString().Split('\0')];

    /// <summary>The word that <c>"$@"</c> ends, which all arguments replace; -1 where there is none.</summary>
    public int ArgumentsWord
    {
        get
        {
            var (word, end) = (0, -1);
            foreach (var text in Words)
            {
                end += text.Length + 1;
                if (end == _argumentsAt)
                {
                    return word;
                }

                word++;
            }

            return -1;
        }
    }

    private bool IsSkipping => _skipped is not null || HasOverflowed;

    /// <summary>Reads to the end.</summary>
    public RcReader Read()
    {
        while (!_isDone)
        {
            if (_at >= _text.Length)
            {
                Finish(isCutOff: _reading != RcReading.Text && _state > State.Plain);
                break;
            }

            Take(_text[_at++]);
        }

        return this;
    }

    private void Take(char c)
    {
        switch (c)
        {
            case '\\' when _state != State.SingleQuotes:
                Escape();
                break;
            case '`' when _state != State.SingleQuotes:
                Backquote();
                break;
            case '"' when _state != State.SingleQuotes && (_state != State.DoubleQuotes || _bracesOutsideQuotes >= _braces):
                ToggleDoubleQuotes();
                break;
            case '\'' when _state != State.DoubleQuotes:
                _quoteAt = _at - 1;
                _state = _state == State.SingleQuotes ? State.Plain : State.SingleQuotes;
                Keep();
                break;
            case '}' when ClosesBrace:
                CloseBrace();
                break;
            case '#' when _state <= State.Blank:
                SkipLine();
                Finish(isCutOff: false);
                break;
            case '$' when _state != State.SingleQuotes:
                Dollar();
                break;
            case ' ' or '\t' when _state <= State.Plain:
                TakeBlank();
                break;
            case '\n' when _state <= State.Plain:
                _at--;
                Finish(isCutOff: false);
                break;
            default:
                Emit(c);
                Keep();
                break;
        }
    }

    private void TakeBlank()
    {
        if (_state != State.Plain)
        {
            return;
        }

        if (_reading == RcReading.Value)
        {
            _at--;
            Finish(isCutOff: false);
            return;
        }

        _state = State.Blank;
        Append(_reading == RcReading.Words ? '\0' : ' ');
    }

    private void SkipLine()
    {
        var end = _text.IndexOf('\n', _at);
        _at = end < 0 ? _text.Length : end;
    }

    private void Finish(bool isCutOff)
    {
        _isDone = true;
        if (isCutOff)
        {
            Unclosed = _quoteAt;
            _values.Complain("Unexpected EOL");
        }

        if (_reading == RcReading.Words && _state == State.Blank && _output.Length > 0)
        {
            Cut(_output.Length - 1);
        }
    }

    private void ToggleDoubleQuotes()
    {
        _quoteAt = _at - 1;
        Keep();
        if (_state == State.DoubleQuotes)
        {
            _state = State.Plain;
            return;
        }

        _bracesOutsideQuotes = _braces;
        _state = State.DoubleQuotes;
    }

    // A backslash stands for itself within double quotes, and before a # that would begin no comment.
    private void Escape()
    {
        if (_at >= _text.Length)
        {
            _values.Complain("Unexpected EOL");
            Finish(isCutOff: false);
            return;
        }

        var c = _text[_at++];
        if (c == '\n')
        {
            End = _state > State.Plain ? _at : End;
            return;
        }

        if (KeepsBackslash(c))
        {
            Append('\\');
        }

        Emit(c);
        Keep();
    }

    private bool KeepsBackslash(char c) => c switch
    {
        '#' => _state > State.Blank,
        ' ' or '\t' or '\'' => _state == State.DoubleQuotes,
        '"' or '\\' or '$' or '`' => false,
        '}' when ClosesBrace => false,
        _ => _state > State.Plain,
    };

    private void Emit(char c)
    {
        Append(c);
        BeginWord();
    }

    private void BeginWord() => _state = _state <= State.Blank ? State.Plain : _state;

    private void Keep() => End = _at;

    private void Append(char c)
    {
        if (_output.Length < _limit)
        {
            _output.Append(c);
            return;
        }

        HasOverflowed = true;
    }

    private void NoteFromMail(int start)
    {
        if (_output.Length > start)
        {
            FromMail.Add(start.._output.Length);
        }
    }

    // What is dropped takes the places with it that a message wrote: they must lie within the text. Dropped text is noted too while it is
    // read, because a brace that is never closed keeps it.
    private void Cut(int length)
    {
        _output.Length = length;
        while (FromMail.Count > 0 && FromMail[^1].End.Value > length)
        {
            var start = FromMail[^1].Start.Value;
            FromMail.RemoveAt(FromMail.Count - 1);
            if (start < length)
            {
                FromMail.Add(start..length);
            }
        }
    }

    // A value outside quotes is split where words are wanted; what a quote holds together stays one.
    private void Insert(string value, bool isFromMail)
    {
        var start = _output.Length;
        if (_state == State.DoubleQuotes || _reading != RcReading.Words)
        {
            foreach (var c in value)
            {
                Append(c);
            }

            BeginWord();
        }
        else
        {
            InsertWords(value);
        }

        if (isFromMail)
        {
            NoteFromMail(start);
        }
    }

    private void InsertWords(string value)
    {
        foreach (var c in value)
        {
            if (c is not (' ' or '\t' or '\n'))
            {
                Append(c);
                _state = State.Plain;
            }
            else if (_state > State.Blank)
            {
                Append('\0');
                _state = State.Blank;
            }
        }
    }

    // The text of ${name-text} that does not count: what is read of it is dropped where it ends.
    private sealed record Skipped(int Length, int Braces, State State, string? Value, bool IsFromMail);
}
