using System.Text;

namespace Backstop.Server.Filters;

/// <summary>Takes header fields from the output of a filter.</summary>
internal static class FilterFields
{
    private const int MaxTotal = 8 << 10;

    /// <summary>
    /// Returns the X-Spam-* fields of a header with their folded lines, with LF line ends. Other fields are ignored.
    /// </summary>
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

    /// <summary>Whether the fields say spam: by the flag, or by a status that begins with Yes.</summary>
    public static bool SaySpam(string fields) =>
        fields.Split('\n').Any(l =>
            l.StartsWith("X-Spam-Flag: YES", StringComparison.OrdinalIgnoreCase) || l.StartsWith(
                "X-Spam-Status: Yes", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Returns a word from a filter, such as the name of a virus or a rule, with other characters replaced.
    /// </summary>
    public static string Word(string text) =>
        string.Concat(text.Take(100).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ':' ? c : '?'));

    private static string Clean(string line) => string.Concat(line.Select(c => c is '\t' or (>= ' ' and < (char)127) ? c : '?'));
}
