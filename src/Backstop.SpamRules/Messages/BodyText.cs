using System.Text;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Messages;

/// <summary>
/// The texts body and rawbody rules are matched against (Message.pm, get_body_text_array_common and get_decoded_body_text_array).
/// </summary>
internal static class BodyText
{
    private const int MaxLine = 2048;
    private const int CutSlack = 1024;

    /// <summary>The subject and the rendered text: white space squeezed, a line a paragraph, cut at 2,048 octets.</summary>
    /// <param name="message">The parsed message.</param>
    /// <param name="maxPart">Characters of a part that count; 0: all.</param>
    /// <param name="select">Which rendering: all, the visible or the hidden part.</param>
    /// <param name="withSubject">The first line is the subject.</param>
    public static List<string> Rendered(SpamMessage message, int maxPart, Func<RenderedPart, string?> select, bool withSubject = true)
    {
        var text = new StringBuilder();
        var isWide = false;
        foreach (var part in message.Leaves())
        {
            _ = text.Length > 0 ? text.Append('\n') : text;
            if (select(part.Rendered()) is { } rendered)
            {
                text.Append(Cut(rendered, maxPart, "\n "));
                isWide |= part.Rendered().IsWide;
            }
        }

        var subject = message.Headers("subject") is { Count: > 0 } subjects ? subjects[^1] + "\n" : "\n";
        return SplitLines(
            (withSubject ? subject : "") + (isWide ? Octets.FromUnicode(Squeeze(text, isWide)) : Octets.FromLatin1(Squeeze(text, isWide))));
    }

    /// <summary>The decoded text parts in pieces of 2 to 4 KiB.</summary>
    public static List<string> Decoded(SpamMessage message, int maxPart)
    {
        var pieces = new List<string>();
        foreach (var part in message.Leaves())
        {
            if (IsTextOrMessage(part.EffectiveType) && part.Type != "text/calendar")
            {
                AddPieces(Cut(part.DecodedBody(), maxPart, "\n> "), pieces);
            }
        }

        return pieces;
    }

    private static bool IsTextOrMessage(string type)
    {
        var word = type.AsSpan();
        var length = word.StartsWith("text") ? 4 : word.StartsWith("message") ? 7 : 0;
        return length > 0 && (word.Length == length || !(char.IsAsciiLetterOrDigit(word[length]) || word[length] == '_'));
    }

    /// <summary>Cuts behind the first of the breaks that stands within 1 KiB of the limit, or at the limit.</summary>
    private static string Cut(string text, int max, string breaks)
    {
        if (max <= 0 || text.Length <= max)
        {
            return text;
        }

        foreach (var c in breaks)
        {
            var at = text.IndexOf(c, max, Math.Min(CutSlack + 1, text.Length - max));
            if (at >= 0)
            {
                return text[..(at + 1)];
            }
        }

        return text[..max];
    }

    /// <summary>
    /// White space is one blank; where it holds two line ends or more, a paragraph ends: from the first to the last is one line
    /// end.
    /// </summary>
    private static string Squeeze(StringBuilder text, bool isWide)
    {
        var squeezed = new StringBuilder(text.Length);
        var s = text.ToString();
        for (var i = 0; i < s.Length;)
        {
            if (!IsSpace(s[i], isWide))
            {
                squeezed.Append(s[i] == '\0' ? '\n' : s[i]);
                i++;
                continue;
            }

            var (start, first, last) = (i, -1, -1);
            for (; i < s.Length && IsSpace(s[i], isWide); i++)
            {
                if (s[i] == '\n')
                {
                    first = first < 0 ? i : first;
                    last = i;
                }
            }

            if (last <= first)
            {
                squeezed.Append(' ');
                continue;
            }

            _ = first > start ? squeezed.Append(' ') : squeezed;
            squeezed.Append('\n');
            _ = i > last + 1 ? squeezed.Append(' ') : squeezed;
        }

        return squeezed.ToString();
    }

    private static bool IsSpace(char c, bool isWide) => isWide ? char.IsWhiteSpace(c) : PerlSpace.Is(c);

    private static List<string> SplitLines(string text)
    {
        var lines = new List<string>();
        foreach (var line in MessageParser.SplitLines(text))
        {
            var at = 0;
            while (line.Length - at > MaxLine)
            {
                var cut = line.LastIndexOf(' ', at + MaxLine, MaxLine + 1) + 1;
                cut = cut == 0 ? at + MaxLine : cut;
                lines.Add(line[at..cut]);
                at = cut;
            }

            lines.Add(line[at..]);
        }

        return lines;
    }

    private static void AddPieces(string text, List<string> pieces)
    {
        if (text.Length <= MaxLine)
        {
            pieces.Add(text);
            return;
        }

        var start = 0;
        while (text.Length - start > 2 * MaxLine)
        {
            var end = -1;
            foreach (var c in "\n> ")
            {
                end = text.IndexOf(c, start + MaxLine, Math.Min(MaxLine, text.Length - start - MaxLine));
                if (end >= 0)
                {
                    break;
                }
            }

            end = end < 0 ? start + MaxLine : end;
            pieces.Add(text[start..(end + 1)]);
            start = end + 1;
        }

        if (start < text.Length)
        {
            pieces.Add(text[start..]);
        }
    }
}
