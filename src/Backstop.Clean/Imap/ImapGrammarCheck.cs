using System.Globalization;

namespace Backstop.Clean.Imap;

/// <summary>
/// Follows the grammar of what an IMAP server sends (RFC 3501 §7 and §9) as far as the limits need it: lines, literals,
/// quoted strings, parentheses. Reports what exceeds a limit before a parser sees it. Keeps counts only, no text.
/// </summary>
/// <remarks>It works octet by octet, so the result does not depend on how the octets are split into reads.</remarks>
internal sealed class ImapGrammarCheck(ImapLimits limits)
{
    private const int MaxDigits = 12;

    private readonly byte[] _start = new byte[12];
    private readonly char[] _digits = new char[MaxDigits];
    private int _length;
    private int _depth;
    private int _count;
    private int _folders;
    private int _responses;
    private long _octets;
    private long _literal;
    private bool _isText;
    private bool _inQuotes;
    private bool _isEscaped;
    private Brace _brace;

    // How much of "{n}" or "{n+}" has been seen. At the end of a line it announces a literal.
    private enum Brace
    {
        None,
        Digits,
        Closed,
        Nonsense,
    }

    /// <summary>Begins a new answer: a command was sent, and all counts start again at 0.</summary>
    public void BeginAnswer() => (_responses, _folders, _octets) = (0, 0, 0);

    /// <summary>Checks received octets.</summary>
    /// <returns>What is wrong with them, for the message of a fault; null where nothing is.</returns>
    public string? Look(ReadOnlySpan<byte> received)
    {
        _octets += received.Length;
        if (_octets > limits.Octets)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the answer is longer than {limits.Octets} octets");
        }

        for (var i = 0; i < received.Length; i++)
        {
            if (_literal > 0)
            {
                var skipped = (int)Math.Min(_literal, received.Length - i);
                _literal -= skipped;
                i += skipped - 1;
            }
            else if (Take(received[i]) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private string? Take(byte octet)
    {
        if (octet == (byte)'\n')
        {
            return EndLine();
        }

        if (_length < _start.Length)
        {
            _start[_length] = octet;
            _isText = _length == 0 ? octet != (byte)'*' : _isText || IsText();
        }

        if (++_length > limits.Line && (_length > limits.SearchLine || !StartsWith("* SEARCH"u8) && !StartsWith("* ESEARCH"u8)))
        {
            return string.Create(CultureInfo.InvariantCulture, $"a line is longer than {_length - 1} octets");
        }

        return _isText || octet == (byte)'\r' ? null : _inQuotes ? InQuotes(octet) : Outside(octet);
    }

    private string? InQuotes(byte octet)
    {
        _inQuotes = _isEscaped || octet != (byte)'"';
        _isEscaped = !_isEscaped && octet == (byte)'\\';
        return null;
    }

    private string? Outside(byte octet)
    {
        switch (octet)
        {
            case (byte)'"':
                _inQuotes = true;
                _brace = Brace.None;
                return null;
            case (byte)'(':
                _brace = Brace.None;
                return ++_depth > limits.Depth
                    ? string.Create(CultureInfo.InvariantCulture, $"more than {limits.Depth} nested parentheses")
                    : null;
            case (byte)')':
                _brace = Brace.None;
                _depth = Math.Max(0, _depth - 1);
                return null;
            default:
                _brace = Next(octet);
                return null;
        }
    }

    private Brace Next(byte octet)
    {
        if (octet == (byte)'{')
        {
            _count = 0;
            return Brace.Digits;
        }

        if (_brace != Brace.Digits)
        {
            // Skipped up to the end of the line: braces announce a literal only there.
            return _brace == Brace.Nonsense && (octet is (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'+' or (byte)'}')
                ? Brace.Nonsense
                : Brace.None;
        }

        if (octet is >= (byte)'0' and <= (byte)'9' && _count < MaxDigits)
        {
            _digits[_count++] = (char)octet;
            return Brace.Digits;
        }

        // Clients may send "{12+}". Nobody may send "{-1}".
        return octet switch
        {
            (byte)'}' => _count > 0 ? Brace.Closed : Brace.Nonsense,
            (byte)'+' when _count > 0 => Brace.Digits,
            _ => Brace.Nonsense,
        };
    }

    private string? EndLine()
    {
        if (_inQuotes)
        {
            return "a quoted string does not end on its line";
        }

        if (_brace == Brace.Nonsense)
        {
            return "a literal without a length";
        }

        var announced = _brace == Brace.Closed ? long.Parse(_digits.AsSpan(0, _count), CultureInfo.InvariantCulture) : -1;
        _brace = Brace.None;
        if (announced > limits.Literal)
        {
            return string.Create(CultureInfo.InvariantCulture, $"a literal of {announced} octets; the limit is {limits.Literal}");
        }

        if (announced >= 0)
        {
            // The response goes on after the literal, and its length is counted anew. Many literals in one answer are
            // bounded by its octets.
            _literal = announced;
            return null;
        }

        var isFolder = StartsWith("* LIST"u8) || StartsWith("* LSUB"u8) || StartsWith("* XLIST"u8);
        (_length, _depth, _isText) = (0, 0, false);
        return ++_responses > limits.Responses ? string.Create(
            CultureInfo.InvariantCulture, $"more than {limits.Responses} responses to one command")
            : isFolder && ++_folders > limits.Folders ? string.Create(CultureInfo.InvariantCulture, $"more than {limits.Folders} folders")
            : null;
    }

    // RFC 3501 §7.1: these responses carry text for people, in which braces and parentheses mean nothing. Tagged lines
    // and continuations are recognised by their first octet.
    private bool IsText() =>
        StartsWith("* OK"u8) || StartsWith("* NO"u8) || StartsWith("* BAD"u8) || StartsWith("* BYE"u8) || StartsWith("* PREAUTH"u8);

    private bool StartsWith(ReadOnlySpan<byte> word) =>
        Math.Min(_length + 1, _start.Length) >= word.Length && System.Text.Ascii.EqualsIgnoreCase(_start.AsSpan(0, word.Length), word);
}
