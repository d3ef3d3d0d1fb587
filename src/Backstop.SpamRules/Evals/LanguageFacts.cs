using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.Mail;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Evals;

/// <summary>Which languages a message may be in (Plugin/TextCat.pm).</summary>
/// <param name="Found">Names, the most likely first; empty: nobody can tell.</param>
/// <param name="Length">Of the text that was looked at, in octets.</param>
/// <param name="Results">The nearest twenty and their distances.</param>
internal sealed record LanguageFacts(IReadOnlyList<string> Found, int Length, string? Results)
{
    private const int MinLength = 256;
    private const int MaxLength = 10_000;
    private const int MaxShown = 20;
    private const int MaxSequence = 5;

    // More is read than is compared: links and addresses are removed first, and may be most of a text.
    private const int MaxRead = 200_000;
    private const int MinWord = 4;

    private static readonly PerlRegex _prefix = new("^(?:[a-z]{2,12}:\\s*){1,10}", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _link = new("https?(?:://|:&#x2F;&#x2F;|%3A%2F%2F)\\S{1,1024}");
    private static readonly PerlRegex _address = new("\\S{1,64}?@[a-zA-Z]\\S{1,128}");
    private static readonly PerlRegex _host = new("\\bwww\\.\\S{1,128}");

    public static LanguageFacts Of(MessageScan scan) => scan.Remember("languages", () => Find(scan));

    private static LanguageFacts Find(MessageScan scan)
    {
        var settings = scan.Settings.Plugins.Languages;
        var text = string.Join('\n', scan.Body);
        text = _prefix.Replace(text.Length > MaxRead ? text[..MaxRead] : text, "");
        text = _host.Replace(_address.Replace(_link.Replace(text, " "), " "), " ");
        text = text.Length > MaxLength ? text[..MaxLength] : text;
        if (text.Length < MinLength || settings.Models.IsEmpty)
        {
            return new LanguageFacts([], text.Length, null);
        }

        var skipped = settings.Inactive.Except(settings.Ok).ToHashSet(StringComparer.Ordinal);
        MessageBudget.Charge(text.Length * MaxSequence);
        var distances = settings.Models.Distances(Sequences(text, settings), settings.MaxSequences, skipped.Contains);
        if (distances.Count == 0)
        {
            return new LanguageFacts([], text.Length, null);
        }

        var best = distances[0].Distance;
        var found = distances.Take(1).Concat(distances.Skip(1).TakeWhile(d => d.Distance < settings.AcceptableScore * best))
            .Select(d => d.Language).ToList();
        var results = string.Join(' ', distances.Take(MaxShown).Select(d => Shown(d.Language, d.Distance, best)));
        return new LanguageFacts(found.Count > settings.MaxLanguages ? [] : found, text.Length, results);
    }

    private static string Shown(string language, double distance, double best) =>
        string.Create(CultureInfo.InvariantCulture, $"{language}:{distance}(") + (best == 0
            ? "unknown)"
            : string.Create(CultureInfo.InvariantCulture, $"{distance / best:F2})"));

    /// <summary>Sequences of one to five octets of the words, NUL for their ends, most frequent first.</summary>
    private static List<string> Sequences(string text, LanguageSettings settings)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var start = 0; start < text.Length; start++)
        {
            if (!IsLetter(text[start]))
            {
                continue;
            }

            var end = start;
            while (end < text.Length && IsLetter(text[end]))
            {
                end++;
            }

            Count('\0' + Lower(text[start..end]) + '\0', counts);
            start = end;
        }

        var kept = settings.OptimalSequences > 0 ? counts.Where(c => c.Value > settings.OptimalSequences) : counts;
        return [.. kept.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key)
            .Take((int)Math.Clamp(settings.MaxSequences, 0, MaxLength * MaxSequence))];
    }

    private static void Count(string word, Dictionary<string, int> counts)
    {
        for (var i = 0; i < word.Length; i++)
        {
            for (var length = 1; length <= MaxSequence && i + length <= word.Length; length++)
            {
                var sequence = word.Substring(i, length);
                counts[sequence] = counts.GetValueOrDefault(sequence) + 1;
            }
        }
    }

    private static bool IsLetter(char c) => Octets.IsHigh(c)
        || !(PerlSpace.Is(c) || char.IsAsciiDigit(c) || "-!\"#$%&()*+,./:;<=>?@[\\]^_`{|}~".Contains(c, StringComparison.Ordinal));

    /// <summary>A word with a capital and four letters in a row, in lower case as if it were Latin-1.</summary>
    private static string Lower(string word)
    {
        var run = 0;
        var isLong = false;
        foreach (var c in word)
        {
            run = IsLatinLetter(c) ? run + 1 : 0;
            isLong |= run >= MinWord;
        }

        return !isLong || !word.Any(char.IsAsciiLetterUpper) ? word : string.Create(word.Length, word, static (lower, word) =>
        {
            for (var i = 0; i < word.Length; i++)
            {
                var isCapital = char.IsAsciiLetterUpper(word[i]) || (byte)word[i] is >= 0xC0 and <= 0xDE and not 0xD7;
                lower[i] = isCapital ? (char)(word[i] + 0x20) : word[i];
            }
        });
    }

    private static bool IsLatinLetter(char c) =>
        char.IsAsciiLetter(c) || (Octets.IsHigh(c) && (byte)c is >= 0xC0 and not (0xD7 or 0xDF or 0xF7 or 0xFF));
}
