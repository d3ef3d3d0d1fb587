using System.Buffers;
using Backstop.Mail;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Learning;

/// <summary>
/// The tokens of a text, octet by octet those of SpamAssassin 4.0.1 (Plugin/Bayes.pm, _tokenize_line): too short words go, long ones keep
/// their beginning, and in the body a word counts as written, without its marks and in lower case. One pass a step, each linear in the
/// text.
/// </summary>
internal sealed class TokenText(TokenSet tokens)
{
    private const int Shortest = 3;
    private const int Longest = 15;
    private const int KeptOfLong = 7;
    private const int LongestRun = 6;
    private const byte Blank = (byte)' ';

    private static readonly SearchValues<byte> _outer = SearchValues.Create("-'\".,"u8);
    private static readonly SearchValues<byte> _upper = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
    private static readonly SearchValues<byte> _plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:*"u8);

    private byte[] _text = new byte[4096];
    private byte[] _other = new byte[4096];
    private byte[] _form = new byte[64];

    /// <summary>Where a text stands, which decides how it is taken apart.</summary>
    private enum Region
    {
        Header,
        Body,
        Uri,
    }

    public void AddBody(string line, ReadOnlySpan<byte> prefix) => Add(line, prefix, Region.Body);

    public void AddUri(string uri) => Add(uri, [], Region.Uri);

    public void AddHeader(ReadOnlySpan<char> text, ReadOnlySpan<byte> prefix) => Add(text, prefix, Region.Header);

    private void Add(ReadOnlySpan<char> line, ReadOnlySpan<byte> prefix, Region region)
    {
        MessageBudget.Charge(line.Length);
        var length = ReadOctets(line);
        length = DivideAt((byte)'.', 3, length);
        length = DivideAt((byte)'-', 2, length);
        if (region != Region.Header)
        {
            TitleCase.Lower(_text.AsSpan(0, length));
        }

        for (var at = 0; at < length;)
        {
            var rest = _text.AsSpan(at, length - at);
            var end = rest.IndexOf(Blank) is var blank and >= 0 ? blank : rest.Length;
            AddWord(rest[..end], prefix, region);
            at += end + 1;
        }
    }

    /// <summary>The text with a blank for each octet that belongs to no word. Well-formed UTF-8 is kept whole.</summary>
    private int ReadOctets(ReadOnlySpan<char> line)
    {
        if (_text.Length < line.Length)
        {
            _text = new byte[2 * line.Length];
        }

        for (var i = 0; i < line.Length; i++)
        {
            var octet = (byte)line[i];
            if (octet < 0x80)
            {
                _text[i] = IsOfWord(octet) ? octet : Blank;
                continue;
            }

            var length = Utf8Octets.Length(line[i..]);
            if (length > 1)
            {
                for (var end = i + length; i < end; i++)
                {
                    _text[i] = (byte)line[i];
                }

                i--;
                continue;
            }

            _text[i] = octet >= 0xA1 ? octet : Blank;
        }

        return line.Length;
    }

    /// <summary>Puts blanks around a run of dots or dashes between two words: a formatting error of many writers.</summary>
    private int DivideAt(byte mark, int shortest, int length)
    {
        var text = _text.AsSpan(0, length);
        ReadOnlySpan<byte> run = mark == '.' ? "..."u8 : "--"u8;
        if (text.IndexOf(run) < 0)
        {
            return length;
        }

        if (_other.Length < 2 * length)
        {
            _other = new byte[2 * length];
        }

        var (to, from, free) = (0, 0, 0);
        for (var at = 1; at < length; at++)
        {
            if (text[at] != mark || at <= free || !IsWordCharacter(text[at - 1]))
            {
                continue;
            }

            var end = at;
            while (end < length && text[end] == mark)
            {
                end++;
            }

            if (end - at >= shortest && end - at <= LongestRun && end < length && IsWordCharacter(text[end]))
            {
                text[from..at].CopyTo(_other.AsSpan(to));
                to += at - from;
                _other[to++] = Blank;
                text[at..end].CopyTo(_other.AsSpan(to));
                to += end - at;
                _other[to++] = Blank;
                from = end;

                // The word character behind the run is spent: none that follows begins with it.
                free = end + 1;
            }

            at = end - 1;
        }

        text[from..].CopyTo(_other.AsSpan(to));
        (_text, _other) = (_other, _text);
        return to + length - from;
    }

    private void AddWord(ReadOnlySpan<byte> word, ReadOnlySpan<byte> prefix, Region region)
    {
        var first = word.IndexOfAnyExcept(_outer);
        if (first < 0)
        {
            return;
        }

        var token = word[first..(word.LastIndexOfAnyExcept(_outer) + 1)];
        if (token.Length < Shortest || StopWords.Contains(token))
        {
            return;
        }

        if (region != Region.Header)
        {
            AddParts(token);
        }

        if (token.Length > Longest && !token.Contains((byte)'*'))
        {
            if (AddCharacters(token, prefix))
            {
                return;
            }

            token = region == Region.Uri ? token : Shortened(token);
        }

        if (region != Region.Header)
        {
            AddForms(token, prefix);
        }

        tokens.Add(prefix, token);
    }

    /// <summary>The first seven characters, where two octets at least follow them.</summary>
    private ReadOnlySpan<byte> Shortened(ReadOnlySpan<byte> token)
    {
        var end = 0;
        for (var i = 0; i < KeptOfLong && end < token.Length; i++)
        {
            end += Utf8Octets.Length(token[end..]);
        }

        if (end + 2 > token.Length)
        {
            return token;
        }

        Span<byte> form = Form(end + 3);
        "sk:"u8.CopyTo(form);
        token[..end].CopyTo(form[3..]);
        return form;
    }

    private void AddForms(ReadOnlySpan<byte> token, ReadOnlySpan<byte> prefix)
    {
        var isMarked = token.ContainsAnyExcept(_plain);
        var hasCapitals = token.ContainsAny(_upper);
        if (!isMarked && !hasCapitals)
        {
            return;
        }

        Span<byte> form = token.Length <= 256 ? stackalloc byte[token.Length] : new byte[token.Length];
        if (isMarked)
        {
            tokens.Add(prefix, form[..WithoutMarks(token, form)]);
        }

        if (!hasCapitals)
        {
            return;
        }

        for (var i = 0; i < token.Length; i++)
        {
            form[i] = char.IsAsciiLetterUpper((char)token[i]) ? (byte)(token[i] | 0x20) : token[i];
        }

        tokens.Add(prefix, form);
        if (isMarked)
        {
            tokens.Add(prefix, form[..WithoutMarks(form, form)]);
        }
    }

    private static int WithoutMarks(ReadOnlySpan<byte> token, Span<byte> to)
    {
        var length = 0;
        foreach (var octet in token)
        {
            if (_plain.Contains(octet))
            {
                to[length++] = octet;
            }
        }

        return length;
    }

    /// <summary>The parts of a mail address, or of what may be a host.</summary>
    private void AddParts(ReadOnlySpan<byte> token)
    {
        var inner = token[1..];
        var at = inner[..^1].LastIndexOf((byte)'@');
        if (at >= 0)
        {
            tokens.Add("U*"u8, token[..(at + 1)]);
            AddDomain(inner[(at + 1)..], "D*"u8);
            return;
        }

        for (var dot = inner.IndexOf((byte)'.'); dot >= 0 && dot + 1 < inner.Length;)
        {
            if (char.IsAsciiLetter((char)inner[dot + 1]))
            {
                AddDomain(token, "UD:"u8);
                return;
            }

            var next = inner[(dot + 1)..].IndexOf((byte)'.');
            dot = next < 0 ? -1 : dot + 1 + next;
        }
    }

    private void AddDomain(ReadOnlySpan<byte> domain, ReadOnlySpan<byte> prefix)
    {
        tokens.Add(prefix, domain);
        while (domain.IndexOf((byte)'.') is var dot and > 0 && dot + 1 < domain.Length)
        {
            domain = domain[(dot + 1)..];
            tokens.Add(prefix, domain);
        }
    }

    /// <summary>Scripts without blanks: every character of three octets or four is a token.</summary>
    private bool AddCharacters(ReadOnlySpan<byte> token, ReadOnlySpan<byte> prefix)
    {
        if (!token.ContainsAnyInRange((byte)0x80, (byte)0xFF))
        {
            return false;
        }

        var found = false;
        for (var i = 0; i < token.Length;)
        {
            var length = Utf8Octets.Length(token[i..]);
            if (length < 3)
            {
                i++;
                continue;
            }

            Span<byte> character = Form(3 + length);
            "u8:"u8.CopyTo(character);
            token.Slice(i, length).CopyTo(character[3..]);
            tokens.Add(prefix, character);
            i += length;
            found = true;
        }

        return found;
    }

    private Span<byte> Form(int length)
    {
        if (_form.Length < length)
        {
            _form = new byte[2 * length];
        }

        return _form.AsSpan(0, length);
    }

    private static bool IsOfWord(byte c) =>
        char.IsAsciiLetterOrDigit((char)c)
            || c is (byte)',' or (byte)'@' or (byte)'*' or (byte)'!' or (byte)'_' or (byte)'\'' or (byte)'"' or (byte)'$' or (byte)'.'
                or (byte)'-';

    private static bool IsWordCharacter(byte c) => PerlText.IsWord((char)c);
}
