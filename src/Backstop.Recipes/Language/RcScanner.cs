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

    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            Offset++;
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

    /// <summary>To the end of the line, continued where its last octet is a backslash, whatever stands before that.</summary>
    public RcText ReadContinuedLine()
    {
        var start = Offset;
        SkipLine();
        while (Offset > start && Offset < _text.Length && _text[Offset - 1] == '\\')
        {
            Offset++;
            SkipLine();
        }

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

    /// <summary>A value, quotes and all, up to a blank or a newline outside of quotes.</summary>
    public RcText ReadValue() => Read(Offset, RcReading.Value);

    /// <summary>Words to the end of the line or a comment.</summary>
    public RcText ReadWords() => Read(Offset, RcReading.Words);

    /// <summary>The folders of an action.</summary>
    public RcText ReadFolders()
    {
        var start = Offset;
        var at = start;
        RcFolderNames.ReadName(_text, ref at);
        Offset = at;
        var rest = Read(at, RcReading.Words);
        return rest.Text.Length > 0
            ? new(_text.Substring(start, at - start + rest.Text.Length), PositionOf(start))
            : new(_text[start..at].TrimEnd(' ', '\t'), PositionOf(start));
    }

    /// <summary>To the end of the line, which is not taken.</summary>
    private void SkipLine()
    {
        var end = _text.IndexOf('\n', Offset);
        Offset = end < 0 ? _text.Length : end;
    }

    private RcText Read(int start, RcReading reading)
    {
        var reader = new RcReader(_text, start, reading, RcUnknownValues.Some).Read();
        if (reader.Unclosed >= 0)
        {
            Unclosed ??= PositionOf(reader.Unclosed);
        }

        Offset = reader.At;
        return new(_text[start..reader.End], PositionOf(start));
    }
}
