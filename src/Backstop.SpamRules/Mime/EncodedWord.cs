using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Mime;

/// <summary>An encoded-word (RFC 2047) of a field's body, or the text between two.</summary>
/// <param name="IsEncoded">It is an encoded-word.</param>
/// <param name="Charset">Where its charset stands; empty for text.</param>
/// <param name="Encoding">The place of its encoding's letter.</param>
/// <param name="Text">Where its text stands.</param>
internal readonly record struct EncodedWord(bool IsEncoded, Range Charset, int Encoding, Range Text)
{
    /// <summary>The whole body in order, without the white space between encoded-words. Each octet is looked at twice at most.</summary>
    public static IEnumerable<EncodedWord> Split(string body)
    {
        var start = 0;
        for (var at = body.IndexOf('=', StringComparison.Ordinal); at >= 0;)
        {
            if (!TryRead(body, at, out var word, out var end))
            {
                at = body.IndexOf('=', at + 1);
                continue;
            }

            if (at > start)
            {
                yield return new(false, default, 0, start..at);
            }

            yield return word;
            start = PerlText.SkipSpace(body, end);
            start = start > end && TryRead(body, start, out _, out _) ? start : end;
            at = start < body.Length ? body.IndexOf('=', start) : -1;
        }

        if (start < body.Length)
        {
            yield return new(false, default, 0, start..body.Length);
        }
    }

    private static bool TryRead(string body, int at, out EncodedWord word, out int end)
    {
        (word, end) = (default, at);
        if (!body.AsSpan(at).StartsWith("=?"))
        {
            return false;
        }

        var charset = at + 2;
        while (charset < body.Length && (char.IsAsciiLetterOrDigit(body[charset]) || body[charset] is '*' or '_' or '-'))
        {
            charset++;
        }

        if (charset == at + 2 || charset + 2 >= body.Length || body[charset] != '?'
            || body[charset + 1] is not ('b' or 'q' or 'B' or 'Q') || body[charset + 2] != '?')
        {
            return false;
        }

        var close = body.IndexOf('?', charset + 3);
        if (close < 0 || close + 1 >= body.Length || body[close + 1] != '=')
        {
            return false;
        }

        (word, end) = (new(true, (at + 2)..charset, charset + 1, (charset + 3)..close), close + 2);
        return true;
    }
}
