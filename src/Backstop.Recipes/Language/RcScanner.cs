namespace Backstop.Recipes.Language;

/// <summary>Walks over the text of an rcfile and knows where words, quotes and lines end.</summary>
internal sealed class RcScanner
{
    private readonly string _text;
    private readonly List<int> _lines = [0];

    public RcScanner(string text)
    {
        _text = text;
        for (var at = text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = text.IndexOf('\n', at + 1))
        {
            _lines.Add(at + 1);
        }
    }

    public int Offset { get; set; }

    public bool IsAtEnd => Offset >= _text.Length;

    /// <summary>The char here; NUL at the end.</summary>
    public char Current => Peek(0);

    public RcPosition Position => PositionOf(Offset);

    /// <summary>Where a quote begins that is never closed.</summary>
    public RcPosition? Unclosed { get; private set; }

    public char Peek(int ahead) => Offset + ahead < _text.Length ? _text[Offset + ahead] : '\0';

    public RcPosition PositionOf(int offset)
    {
        var line = _lines.BinarySearch(offset);
        line = line < 0 ? ~line - 1 : line;
        return new(line + 1, offset - _lines[line] + 1);
    }

    public RcText From(int start) => new(_text[start..Offset], PositionOf(start));

    /// <summary>Skips blanks, and lines continued with a backslash.</summary>
    public void SkipBlanks()
    {
        while (Current is ' ' or '\t' || (Current == '\\' && Peek(1) == '\n'))
        {
            Offset += Current == '\\' ? 2 : 1;
        }
    }

    /// <summary>Skips blanks, empty lines and comments.</summary>
    public void SkipSpace()
    {
        while (true)
        {
            SkipBlanks();
            if (Current == '#' && !IsAtEnd)
            {
                SkipLine();
            }
            else if (Current == '\n')
            {
                Offset++;
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>To the end of the line, which is not taken.</summary>
    public RcText ReadLine()
    {
        var start = Offset;
        SkipLine();
        return From(start);
    }

    /// <summary>To the end of the line, continued where it ends in a backslash.</summary>
    public RcText ReadContinuedLine()
    {
        var start = Offset;
        while (!IsAtEnd && Current != '\n')
        {
            Offset += Current == '\\' ? 2 : 1;
        }

        Offset = Math.Min(Offset, _text.Length);
        return From(start);
    }

    /// <summary>A name, or null.</summary>
    public string? ReadName()
    {
        var start = Offset;
        if (!char.IsAsciiLetter(Current) && Current != '_')
        {
            return null;
        }

        while (char.IsAsciiLetterOrDigit(Current) || Current == '_')
        {
            Offset++;
        }

        return _text[start..Offset];
    }

    /// <summary>A word, quotes and all, up to a blank or a newline outside of quotes.</summary>
    public RcText ReadWord()
    {
        var start = Offset;
        while (!IsAtEnd && Current is not (' ' or '\t' or '\n'))
        {
            SkipPiece();
        }

        return From(start);
    }

    /// <summary>Words to the end of the line or a comment.</summary>
    public RcText ReadWords()
    {
        var start = Offset;
        var end = Offset;
        while (!IsAtEnd && Current != '\n' && Current != '#')
        {
            ReadWord();
            end = Offset;
            SkipBlanks();
        }

        var last = Offset;
        Offset = end;
        var words = From(start);
        Offset = last;
        return words;
    }

    private void SkipLine()
    {
        var end = _text.IndexOf('\n', Offset);
        Offset = end < 0 ? _text.Length : end;
    }

    private void SkipPiece()
    {
        switch (Current)
        {
            case '\\':
                Offset = Math.Min(Offset + 2, _text.Length);
                break;
            case '\'':
                SkipQuoted('\'');
                break;
            case '"':
                SkipQuoted('"');
                break;
            case '`':
                SkipQuoted('`');
                break;
            case '$' when Peek(1) == '{':
                SkipBraces();
                break;
            default:
                Offset++;
                break;
        }
    }

    private void SkipQuoted(char quote)
    {
        var start = Offset++;
        while (!IsAtEnd && Current != quote)
        {
            if (Current == '\\' && quote != '\'')
            {
                Offset++;
            }
            else if (quote == '"' && Current == '`')
            {
                SkipQuoted('`');
                continue;
            }

            Offset++;
        }

        if (Offset >= _text.Length)
        {
            Unclosed ??= PositionOf(start);
            Offset = _text.Length;
            return;
        }

        Offset++;
    }

    // ${name-text}: the text may have quotes and braces of its own. Anything else in braces is a bad substitution that ends at once.
    private void SkipBraces()
    {
        Offset += 2;
        if (ReadName() is null && char.IsAsciiDigit(Current))
        {
            Offset++;
        }

        var op = Current == ':' ? Peek(1) : Current;
        if (op is not ('-' or '+'))
        {
            Offset = Math.Min(Offset + 1, _text.Length);
            return;
        }

        while (!IsAtEnd && Current != '}')
        {
            SkipPiece();
        }

        Offset = Math.Min(Offset + 1, _text.Length);
    }
}
