using System.Globalization;

namespace Backstop.SpamRules.Rules;

/// <summary>The <c>tflags</c> of a rule.</summary>
internal sealed class RuleFlags
{
    public static RuleFlags None { get; } = new("");

    private readonly HashSet<string> _words;

    public RuleFlags(string text)
    {
        Text = text;
        _words = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        MaxHits = _words.FirstOrDefault(w => w.StartsWith("maxhits=", StringComparison.Ordinal)) is { } max
            && int.TryParse(max.AsSpan(8), CultureInfo.InvariantCulture, out var hits) ? hits : int.MaxValue;
    }

    public string Text { get; }

    /// <summary>Every match counts, up to <see cref="MaxHits"/>.</summary>
    public bool IsMultiple => Has("multiple");

    public int MaxHits { get; }

    /// <summary>Needs the network.</summary>
    public bool IsNet => Has("net");

    public bool IsLearn => Has("learn");

    public bool IsNice => Has("nice");

    public bool Has(string word) => _words.Contains(word);

    /// <summary>The parts a mimeheader rule looks at: <c>range=1-2</c>.</summary>
    public (int First, int Last) Range()
    {
        var range = _words.FirstOrDefault(w => w.StartsWith("range=", StringComparison.Ordinal))?[6..];
        if (string.IsNullOrEmpty(range))
        {
            return (0, 1000);
        }

        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var first = Number(dash < 0 ? range : range[..dash], 0);
        return (first, dash < 0 ? first : Number(range[(dash + 1)..], 1000));
    }

    private static int Number(string text, int fallback) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : fallback;
}
