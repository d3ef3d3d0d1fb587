using System.Text;

namespace Backstop.Server.Filters;

/// <summary>Takes from what a filter gives back what may stand in a header.</summary>
internal static class FilterFields
{
    private const int MaxTotal = 8 << 10;

    /// <summary>The X-Spam-* fields of a header block, with their folds; LF line ends. Nothing else of it is believed.</summary>
    public static string Of(ReadOnlySpan<byte> message)
    {
        var fields = new StringBuilder();
        var isTaken = false;
        foreach (var line in Encoding.Latin1.GetString(message).Split('\n'))
        {
            var text = line.TrimEnd('\r');
            if (text.Length == 0)
            {
                break;
            }

            isTaken = text[0] is ' ' or '\t'
                ? isTaken
                : text.StartsWith("X-Spam-", StringComparison.OrdinalIgnoreCase) && text.Contains(':', StringComparison.Ordinal);
            if (isTaken && fields.Length + text.Length < MaxTotal)
            {
                fields.Append(Clean(text)).Append('\n');
            }
        }

        return fields.ToString();
    }

    /// <summary>Whether the fields say spam: the flag, or a status that begins with Yes.</summary>
    public static bool SaySpam(string fields) =>
        fields.Split('\n').Any(l =>
            l.StartsWith("X-Spam-Flag: YES", StringComparison.OrdinalIgnoreCase) || l.StartsWith(
                "X-Spam-Status: Yes", StringComparison.OrdinalIgnoreCase));

    /// <summary>A word that a filter chose, such as the name of a virus or a rule.</summary>
    public static string Word(string text) =>
        string.Concat(text.Take(100).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ':' ? c : '?'));

    private static string Clean(string line) => string.Concat(line.Select(c => c is '\t' or (>= ' ' and < (char)127) ? c : '?'));
}
