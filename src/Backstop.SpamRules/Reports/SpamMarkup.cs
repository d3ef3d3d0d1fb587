using System.Text.RegularExpressions;
using Backstop.SpamRules.Mime;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Reports;

/// <summary>
/// Takes off a message what a filter put on it (SpamAssassin.pm, remove_spamassassin_markup): a learner must learn the message, not
/// the verdict.
/// </summary>
internal static class SpamMarkup
{
    private static readonly PerlRegex _boundary = new(
        "^\\s*multipart/mixed;\\s+boundary\\s*=\\s*[\"']?(.+?)[\"']?(?:;|$)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _original = new(
        "^Content-Type:\\s+(?:message/rfc822|text/plain);\\s+x-spam-type=original", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _kept = new("^X-Spam-Prev-([^:\\s]+):", RegexOptions.IgnoreCase);

    /// <summary>Returns the message without the markup; null if it has none.</summary>
    /// <param name="message">As it came.</param>
    public static string? Remove(SpamMessage message) =>
        message.Header("X-Spam-Checker-Version").Length == 0 ? null : (Unwrap(message) ?? WithoutFields(message));

    /// <summary>The message within a report; null where there is none.</summary>
    private static string? Unwrap(SpamMessage message)
    {
        if (_boundary.Match(message.Header("Content-Type")) is not { Success: true } match)
        {
            return null;
        }

        var delimiter = "--" + match.Groups[1].Value;
        var lines = MessageParser.SplitLines(message.PristineBody);
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].TrimEnd('\r', '\n') != delimiter)
            {
                continue;
            }

            var blank = lines.FindIndex(i, l => PerlSpace.IsBlank(l));
            if (blank < 0)
            {
                return null;
            }

            if (lines.Skip(i).Take(blank - i).Any(l => _original.IsMatch(l)))
            {
                var end = lines.FindIndex(blank + 1, l => l.StartsWith(delimiter, StringComparison.Ordinal));
                end = end < 0 ? lines.Count : end > blank + 1 && PerlSpace.IsBlank(lines[end - 1]) ? end - 1 : end;
                return string.Concat(lines.Skip(blank + 1).Take(end - blank - 1));
            }

            i = blank;
        }

        return null;
    }

    /// <summary>Whether a filter added the field. X-Spam-Prev- does not count: it keeps a field of the original message.</summary>
    public static bool IsAdded(string field) =>
        field.StartsWith("X-Spam-", StringComparison.OrdinalIgnoreCase)
            && !field.StartsWith("X-Spam-Prev-", StringComparison.OrdinalIgnoreCase);

    private static string WithoutFields(SpamMessage message)
    {
        var fields = MessageParser.SplitFields(message.PristineHeaders);

        // X-Spam-Prev- keeps the field as it was before the tag; a hostile message may have it twice.
        var restored = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields)
        {
            if (_kept.Match(field) is { Success: true } match)
            {
                restored.TryAdd(match.Groups[1].Value, field["X-Spam-Prev-".Length..]);
            }
        }

        var kept = fields.Where(f => !IsAdded(f) && !_kept.IsMatch(f)).Select(f => restored.GetValueOrDefault(f.Split(':')[0], f));
        return string.Concat(kept) + message.PristineBody;
    }
}
