using System.Globalization;
using Backstop.SpamRules.Text;

namespace Backstop.SpamRules.Rules;

/// <summary>The <c>tflags</c> of a rule.</summary>
internal sealed class RuleFlags
{
    public static RuleFlags None { get; } = new("");

    public RuleFlags(string text)
    {
        Text = text;
        MaxHits = Number("maxhits=", 0) is var max and > 0 ? max : int.MaxValue;
        IsMultiple = Has("multiple");
    }

    public string Text { get; }

    /// <summary>Whether every match counts, up to <see cref="MaxHits"/>.</summary>
    public bool IsMultiple { get; }

    public int MaxHits { get; }

    /// <summary>Whether the rule needs the network.</summary>
    public bool IsNet => Has("net");

    public bool IsLearn => Has("learn");

    public bool IsNice => Has("nice");

    /// <summary>
    /// Whether the text holds a word, whatever stands round it: SpamAssassin looks for <c>\bword\b</c>, so <c>multiple,
    /// maxhits=4</c> are two.
    /// </summary>
    public bool Has(string word) => PerlText.Places(Text, word).Any(
        at => IsWhole(at, word.Length) && Text[at..].StartsWith(word, StringComparison.Ordinal));

    /// <summary>The parts a mimeheader rule looks at: <c>range=1-2</c>.</summary>
    public (int First, int Last) Range()
    {
        const string word = "range=";
        var at = Text.IndexOf(word, StringComparison.Ordinal);
        if (at < 0)
        {
            return (0, 1000);
        }

        var end = at + word.Length;
        while (end < Text.Length && (char.IsAsciiDigit(Text[end]) || Text[end] == '-'))
        {
            end++;
        }

        var range = Text[(at + word.Length)..end];
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var first = Parsed(dash < 0 ? range : range[..dash], 0);
        return (first, dash < 0 ? first : Parsed(range[(dash + 1)..], 1000));
    }

    // \bmaxhits=(\d+)\b
    private int Number(string word, int fallback)
    {
        foreach (var at in PerlText.Places(Text, word))
        {
            var end = at + word.Length;
            while (end < Text.Length && char.IsAsciiDigit(Text[end]))
            {
                end++;
            }

            if (end > at + word.Length && IsWhole(at, end - at))
            {
                return Parsed(Text[(at + word.Length)..end], fallback);
            }
        }

        return fallback;
    }

    private bool IsWhole(int at, int length) => PerlText.IsBoundary(Text, at) && PerlText.IsBoundary(Text, at + length);

    private static int Parsed(string text, int fallback) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : fallback;
}
