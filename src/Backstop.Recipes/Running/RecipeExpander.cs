using System.Globalization;
using System.Text;

namespace Backstop.Recipes.Running;

/// <summary>
/// Puts values in the place of <c>$NAME</c> and outputs in the place of <c>`command`</c>, and takes quotes off (procmailrc(5),
/// "Substitution").
/// </summary>
/// <param name="state">The variables.</param>
/// <param name="log">Told of bad substitutions.</param>
/// <param name="execute">Runs a command and gives its output.</param>
internal sealed class RecipeExpander(RecipeState state, RecipeLog log, Func<string, string> execute)
{
    private readonly StringBuilder _word = new();
    private readonly List<string> _words = [];
    private string _text = "";
    private int _at;
    private bool _splits;
    private bool _hasWord;
    private int _argumentsAt = -1;

    /// <summary>The value of an assignment: one word, whatever was in the variables.</summary>
    /// <param name="raw">As written.</param>
    public string Value(string raw)
    {
        Begin(raw, splits: false);
        Unquoted(emits: true, inBraces: false);
        return _word.ToString();
    }

    /// <summary>A condition with a dollar: as within double quotes.</summary>
    /// <param name="raw">As written.</param>
    public string Quoted(string raw)
    {
        Begin(raw, splits: false);
        while (_at < _text.Length)
        {
            InDoubleQuotes(emits: true);
            if (_at < _text.Length)
            {
                _word.Append('"');
                _at++;
            }
        }

        return _word.ToString();
    }

    /// <summary>Words: of folders or a command.</summary>
    /// <param name="raw">As written.</param>
    /// <param name="withArguments">Whether <c>"$@"</c> stands for all arguments.</param>
    /// <param name="shown">The words as procmail logs them, where <c>"$@"</c> is an empty one.</param>
    public List<string> Words(string raw, bool withArguments, out List<string> shown)
    {
        Begin(raw, splits: true);
        Unquoted(emits: true, inBraces: false);
        EndWord();
        shown = [.. _words];
        var words = new List<string>(_words);
        if (_argumentsAt >= 0 && withArguments)
        {
            words.RemoveAt(_argumentsAt);
            words.InsertRange(_argumentsAt, state.Arguments);
        }

        return words;
    }

    private void Begin(string raw, bool splits)
    {
        _text = raw;
        _at = 0;
        _splits = splits;
        _word.Clear();
        _words.Clear();
        _hasWord = false;
        _argumentsAt = -1;
    }

    private void EndWord()
    {
        if (_hasWord)
        {
            _words.Add(_word.ToString());
            _word.Clear();
            _hasWord = false;
        }
    }

    // Up to the end, or to the brace that closes a substitution.
    private void Unquoted(bool emits, bool inBraces)
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            switch (c)
            {
                case '}' when inBraces:
                    return;
                case '\\':
                    Escaped(emits, withinQuotes: false);
                    break;
                case '\'':
                    _at++;
                    var end = _text.IndexOf('\'', _at);
                    end = end < 0 ? _text.Length : end;
                    Emit(_text[_at..end], emits);
                    _at = Math.Min(end + 1, _text.Length);
                    break;
                case '"':
                    _at++;
                    Emit("", emits);
                    InDoubleQuotes(emits);
                    _at = Math.Min(_at + 1, _text.Length);
                    break;
                case '`':
                    EmitSplit(Backquoted(emits, withinQuotes: false), emits);
                    break;
                case '$':
                    Dollar(emits, inQuotes: false);
                    break;
                case ' ' or '\t' or '\n' when _splits && !inBraces:
                    EndWord();
                    _at++;
                    break;
                default:
                    Emit(c, emits);
                    _at++;
                    break;
            }
        }
    }

    private void InDoubleQuotes(bool emits, bool inBraces = false)
    {
        while (_at < _text.Length && _text[_at] != '"' && !(inBraces && _text[_at] == '}'))
        {
            switch (_text[_at])
            {
                case '\\':
                    Escaped(emits, withinQuotes: true);
                    break;
                case '`':
                    Emit(Backquoted(emits, withinQuotes: true), emits);
                    break;
                case '$':
                    Dollar(emits, inQuotes: true);
                    break;
                case var c:
                    Emit(c, emits);
                    _at++;
                    break;
            }
        }
    }

    // Within quotes a backslash stands for itself before anything it need not protect.
    private void Escaped(bool emits, bool withinQuotes)
    {
        _at++;
        if (_at >= _text.Length)
        {
            Emit('\\', emits);
            return;
        }

        var c = _text[_at++];
        if (c == '\n')
        {
            return;
        }

        if (withinQuotes && c is not ('"' or '\\' or '$' or '`'))
        {
            Emit('\\', emits);
        }

        Emit(c, emits);
    }

    private string Backquoted(bool runs, bool withinQuotes)
    {
        var command = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != '`'; _at++)
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length
                && (_text[_at + 1] is '`' or '\\' or '$' || (withinQuotes && _text[_at + 1] == '"')))
            {
                _at++;
            }

            command.Append(_text[_at]);
        }

        _at = Math.Min(_at + 1, _text.Length);
        return runs ? execute(command.ToString()) : "";
    }

    private void Dollar(bool emits, bool inQuotes)
    {
        _at++;
        if (_at >= _text.Length)
        {
            Emit('$', emits);
            return;
        }

        var c = _text[_at];
        if (c == '{')
        {
            Braces(emits, inQuotes);
            return;
        }

        var disarms = c == '\\' && _at + 1 < _text.Length && (char.IsAsciiLetter(_text[_at + 1]) || _text[_at + 1] == '_');
        _at += disarms ? 1 : 0;
        if (ReadName() is { } name)
        {
            var value = state.Variables[name] ?? "";
            if (disarms)
            {
                Emit("()" + Disarmed(value), emits);
            }
            else
            {
                EmitValue(value, emits, inQuotes);
            }

            return;
        }

        if (c == '@')
        {
            _argumentsAt = emits && inQuotes ? _words.Count : _argumentsAt;
            _at++;
        }
        else if (Special(c) is { } special)
        {
            _at++;
            EmitValue(special, emits, inQuotes);
        }
        else
        {
            Emit('$', emits);
        }
    }

    private string? Special(char c) => c switch
    {
        '$' => Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        '?' => state.LastStatus.ToString(CultureInfo.InvariantCulture),
        '#' => state.Arguments.Count.ToString(CultureInfo.InvariantCulture),
        '_' => state.RcFile,
        '-' => state.Variables.Text("LASTFOLDER"),
        '=' => state.Score.ToString(CultureInfo.InvariantCulture),
        >= '1' and <= '9' => c - '1' < state.Arguments.Count ? state.Arguments[c - '1'] : "",
        _ => null,
    };

    // ${name}, ${name-text}, ${name:-text}, ${name+text}, ${name:+text}.
    private void Braces(bool emits, bool inQuotes)
    {
        _at++;
        var name = ReadName() ?? (_at < _text.Length && char.IsAsciiDigit(_text[_at]) ? _text[_at++].ToString() : null);
        var op = _at < _text.Length ? _text[_at] : '\0';
        if (op == '}' && name is null)
        {
            _at++;
            return;
        }

        var value = name is null ? null : char.IsAsciiDigit(name[0]) ? Argument(name[0]) : state.Variables[name];
        if (op == '}')
        {
            _at++;
            EmitValue(value ?? "", emits, inQuotes);
            return;
        }

        var countsEmpty = op == ':';
        _at += countsEmpty ? 1 : 0;
        op = _at < _text.Length ? _text[_at] : '\0';
        _at = Math.Min(_at + 1, _text.Length);
        if (name is null || op is not ('-' or '+'))
        {
            log.Say($"Bad substitution of \"{name}\"");
            return;
        }

        var isSet = value is not null && !(countsEmpty && value.Length == 0);
        if (op == '-' && isSet)
        {
            EmitValue(value!, emits, inQuotes);
        }

        var takesText = emits && (op == '+') == isSet;
        if (inQuotes)
        {
            InDoubleQuotes(takesText, inBraces: true);
        }
        else
        {
            Unquoted(takesText, inBraces: true);
        }

        _at = Math.Min(_at + 1, _text.Length);
    }

    private string? Argument(char digit) => digit > '0' && digit - '1' < state.Arguments.Count ? state.Arguments[digit - '1'] : null;

    // "_" alone is $_; procmail reads $_B as $_ and a B.
    private string? ReadName()
    {
        if (_at >= _text.Length || !char.IsAsciiLetter(_text[_at]))
        {
            return null;
        }

        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private static string Disarmed(string value)
    {
        var text = new StringBuilder();
        foreach (var c in value)
        {
            text.Append(c is '(' or ')' or '|' or '*' or '?' or '+' or '.' or '^' or '$' or '[' or '\\' ? "\\" : "").Append(c);
        }

        return text.ToString();
    }

    private void EmitValue(string value, bool emits, bool inQuotes)
    {
        if (inQuotes)
        {
            Emit(value, emits);
        }
        else
        {
            EmitSplit(value, emits);
        }
    }

    private void EmitSplit(string value, bool emits)
    {
        if (!_splits)
        {
            Emit(value, emits);
            return;
        }

        foreach (var c in emits ? value : "")
        {
            if (c is ' ' or '\t' or '\n')
            {
                EndWord();
            }
            else
            {
                Emit(c, emits: true);
            }
        }
    }

    private void Emit(string text, bool emits)
    {
        if (emits && _word.Length <= state.LineBuffer)
        {
            _word.Append(text.AsSpan(0, Math.Min(text.Length, state.LineBuffer + 1 - _word.Length)));
            _hasWord = true;
        }
    }

    private void Emit(char c, bool emits)
    {
        if (emits && _word.Length <= state.LineBuffer)
        {
            _word.Append(c);
            _hasWord = true;
        }
    }
}
