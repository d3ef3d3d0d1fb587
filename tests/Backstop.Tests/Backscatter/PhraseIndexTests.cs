using Backstop.Backscatter.Bounces;
using CsCheck;

namespace Backstop.Tests.Backscatter;

/// <summary>The index finds what looking for each phrase at each place finds, in the same order.</summary>
public sealed class PhraseIndexTests
{
    private static readonly string[] _phrases = ["ab", "abc", "aBcd", "abcde", "bcd a", "été", "退信", "退信通知", "ÄÖ", "ba"];

    [Fact]
    public void Index_finds_the_same_as_a_search_for_each_phrase() =>
        Gen.Char["abcdABCD éÉtT退信通知äÖx"].Array[0, 40].Sample(c =>
        {
            var text = new string(c);
            Assert.Equal(Naive(text), Found(new(_phrases), text));
        });

    [Fact]
    public void Characters_are_the_same_in_any_case_as_for_the_framework()
    {
        for (var c = 0; c < char.MaxValue; c++)
        {
            if (!char.IsSurrogate((char)c))
            {
                var (one, other) = (new string((char)c, 4), new string(char.ToLowerInvariant((char)c), 4));
                Assert.Equal(one.Equals(other, StringComparison.OrdinalIgnoreCase), new PhraseIndex([one]).IsIn(other));
            }
        }
    }

    private static List<(int At, int Phrase)> Naive(string text) =>
    [
        .. from at in Enumerable.Range(0, text.Length)
           from phrase in Enumerable.Range(0, _phrases.Length)
           where text.AsSpan(at).StartsWith(_phrases[phrase], StringComparison.OrdinalIgnoreCase)
           orderby at, _phrases[phrase].Length < 4, phrase
           select (at, phrase),
    ];

    private static List<(int At, int Phrase)> Found(PhraseIndex index, string text)
    {
        var found = new List<(int, int)>();
        using var places = index.In(text);
        while (places.Next())
        {
            found.Add((places.At, places.Phrase));
        }

        return found;
    }
}
