using System.Text;

namespace Backstop.Recipes.Language;

/// <summary>Substitutions: <c>$name</c>, <c>${name}</c> and its forms, <c>$\name</c>, <c>`command`</c>.</summary>
internal sealed partial class RcReader
{
    private bool ClosesBrace =>
        (_state <= State.Plain && _braces > 0) || (_state == State.DoubleQuotes && _braces > _bracesOutsideQuotes);

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private static bool IsNameChar(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private void Dollar()
    {
        if (_at >= _text.Length)
        {
            Append('$');
            _state = State.Plain;
            Keep();
            Finish(isCutOff: false);
            return;
        }

        var c = _text[_at];
        switch (c)
        {
            case '@' when _state == State.DoubleQuotes:
                _at++;
                _argumentsAt = _skipped is null ? _output.Length : _argumentsAt;
                break;
            case '@':
                // Outside quotes the dollar alone goes.
                BeginWord();
                break;
            case '{':
                _at++;
                Braces();
                break;
            case '$' or '?' or '#' or '=':
                _at++;
                CopyWhole(_values.Special(c));
                break;
            case '_' or '-':
                _at++;
                Insert(_values.Special(c), isFromMail: c == '-');
                break;
            case >= '0' and <= '9':
                _at++;
                Put(c.ToString());
                break;
            default:
                Named(c);
                break;
        }

        Keep();
    }

    private void Named(char c)
    {
        var isLiteral = c == '\\' && _at + 1 < _text.Length && IsNameChar(_text[_at + 1]);
        _at += isLiteral ? 1 : 0;
        if (!IsNameChar(Current))
        {
            // Not a substitution: the dollar stays, and what follows is read as it would be anyway.
            Append('$');
            BeginWord();
            return;
        }

        var name = Name();
        if (!isLiteral)
        {
            Put(name);
            return;
        }

        // The parentheses keep a character that a condition might begin with from being its first.
        var start = _output.Length;
        Append('(');
        Append(')');
        foreach (var octet in Lookup(name) ?? "")
        {
            if (Special.Contains(octet, StringComparison.Ordinal))
            {
                Append('\\');
            }

            Append(octet);
        }

        BeginWord();
        if (_values.IsFromMail(name))
        {
            NoteFromMail(start);
        }
    }

    private string Name()
    {
        var start = _at;
        while (IsNameChar(Current))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private string? Lookup(string name) =>
        IsSkipping || name.Length == 0 ? null : _values.Variable(char.IsAsciiDigit(name[0]) ? name[..1] : name);

    private void Put(string name) => Insert(Lookup(name) ?? "", _values.IsFromMail(name));

    // Numbers are never split.
    private void CopyWhole(string value)
    {
        foreach (var c in value)
        {
            Append(c);
        }

        BeginWord();
    }

    private void Braces()
    {
        var name = Name();
        if (name.Length > 1 && char.IsAsciiDigit(name[0]))
        {
            _at = Math.Min(_at + 1, _text.Length);
            _values.Complain($"Bad substitution of \"{name}\"");
            return;
        }

        var value = Lookup(name);
        var isFromMail = _values.IsFromMail(name);
        var op = Next();
        var countsEmpty = op == ':';
        op = countsEmpty ? Next() : op;
        switch (op)
        {
            case '}' when !countsEmpty:
                Insert(value ?? "", isFromMail);
                break;
            case '-' or '+':
                var isSet = value is not null && !(countsEmpty && value.Length == 0);
                BeginAlternative(isTaken: isSet == (op == '+'), op == '-' ? value : null, isFromMail);
                break;
            default:
                _values.Complain($"Bad substitution of \"{name}\"");
                break;
        }
    }

    private char Next()
    {
        var c = Current;
        _at = Math.Min(_at + 1, _text.Length);
        return c;
    }

    private void BeginAlternative(bool isTaken, string? value, bool isFromMail)
    {
        if (!_values.AreKnown && _reading != RcReading.Value)
        {
            // Both may stand there: the value here, and the text that is read next. A value ends at a blank that this would make one.
            Insert(value ?? "x", isFromMail: false);
        }
        else if (!isTaken && !IsSkipping)
        {
            _skipped = new(_output.Length, _braces, _state, value, isFromMail);
        }

        _braces++;
    }

    private void CloseBrace()
    {
        _braces--;
        if (_skipped is { } skipped && _braces == skipped.Braces)
        {
            _skipped = null;
            Cut(skipped.Length);
            _state = skipped.State;
            Insert(skipped.Value ?? "", skipped.IsFromMail);
        }

        Keep();
    }

    private void Backquote()
    {
        var start = _at - 1;
        var command = new StringBuilder();
        var isClosed = true;
        while (_at < _text.Length && _text[_at] != '`')
        {
            var c = _text[_at++];
            if (c == '"' && _state == State.DoubleQuotes)
            {
                // procmail: it ends the command that was not closed.
                isClosed = false;
                break;
            }

            AppendCommand(command, c);
        }

        if (isClosed && Next() != '`')
        {
            Unclosed = start;
        }

        Keep();
        var wasSkipping = IsSkipping;
        InsertOutput(command.ToString());
        if (!isClosed && (wasSkipping || _values.IsForShell(command.ToString())))
        {
            // Where it reads the command's words itself it forgets that the quote ends here too.
            _state = State.Plain;
        }
    }

    // A backslash stands for itself before anything it need not protect.
    private void AppendCommand(StringBuilder command, char c)
    {
        if (c == '\\' && _at < _text.Length)
        {
            var next = _text[_at++];
            if (next == '\n')
            {
                return;
            }

            if (next is not ('\\' or '$' or '`') && !(next == '"' && _state == State.DoubleQuotes))
            {
                command.Append('\\');
            }

            command.Append(next);
            return;
        }

        command.Append(c);
    }

    private void InsertOutput(string command)
    {
        // procmail leaves two octets of the line free here.
        var output = IsSkipping ? "" : _values.Output(command, Math.Max(0, _limit - 2 - _output.Length));
        Insert(output, isFromMail: true);
    }
}
