using System.Buffers;
using Backstop.Mail;

namespace Backstop.SpamRules.Relays;

/// <summary>The text of a Received field, and what is read of every one of them: without expressions, for a mail bears a dozen.</summary>
internal static class ReceivedText
{
    private const int ShortestId = 3;

    private static readonly SearchValues<char> _endsId = SearchValues.Create(" <>;");

    /// <summary>The field on one line: each run of white space a blank, none at the ends, and no empty <c>;</c> at the end.</summary>
    public static string Clean(string field)
    {
        MessageBudget.Charge(field.Length);
        var text = string.Create(Squeezed(field, []), field, static (to, from) => Squeezed(from, to)).AsSpan().Trim(' ');
        while (text is [.., ';'])
        {
            text = text[..^1];
            text = text is [.., ' '] ? text[..^1] : text;
        }

        return text.ToString();
    }

    /// <summary>The id that the server gave the message, of three characters or more; empty where there is none.</summary>
    /// <param name="text">As <see cref="Clean"/> gives it.</param>
    public static string Id(string text)
    {
        for (var at = text.IndexOf(" id ", StringComparison.Ordinal); at >= 0; at = text.IndexOf(" id ", at + 1, StringComparison.Ordinal))
        {
            var rest = text.AsSpan(at + 4);
            rest = rest is ['<', ..] ? rest[1..] : rest;
            var length = rest.IndexOfAny(_endsId) is var end and >= 0 ? end : rest.Length;
            if (length >= ShortestId)
            {
                return rest[..length].ToString();
            }
        }

        return "";
    }

    /// <summary>The word behind the first place where a phrase has one; empty where none has.</summary>
    /// <param name="text">As <see cref="Clean"/> gives it.</param>
    /// <param name="phrase">With the blank behind it.</param>
    public static string WordBehind(string text, string phrase)
    {
        var at = text.IndexOf(phrase, StringComparison.Ordinal);
        var rest = at < 0 ? [] : text.AsSpan(at + phrase.Length);
        return rest[..(rest.IndexOf(' ') is var end and >= 0 ? end : rest.Length)].ToString();
    }

    // The length of the text with single blanks; written where there is room for it.
    private static int Squeezed(string from, Span<char> to)
    {
        var length = 0;
        var wasSpace = false;
        foreach (var c in from)
        {
            var isSpace = char.IsWhiteSpace(c);
            if (isSpace && wasSpace)
            {
                continue;
            }

            if (to.Length > length)
            {
                to[length] = isSpace ? ' ' : c;
            }

            length++;
            wasSpace = isSpace;
        }

        return length;
    }
}
