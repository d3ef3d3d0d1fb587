using Backstop.SpamRules.Patterns;

namespace Backstop.Tests.SpamRules;

public sealed class SharedDfaTests
{
    // Two that need ever new states for a text of "a" and "b", and two that are easy.
    private static readonly string[] _patterns = ["a[ab]{14}x", "b[ab]{15}y", "^z", "[ab]$"];

    [Fact]
    public void Patterns_that_fill_the_automaton_part_and_find_the_same()
    {
        var shared = Build(_patterns);
        foreach (var (text, found) in new[] { ("b", 8UL), (Noise(30_000) + "\n", 8UL), (Noise(30_000) + "y", 2UL), ("z", 4UL), ("b", 8UL) })
        {
            // Where a pattern alone still fills its automaton it stays a candidate.
            Assert.Equal(found, Find(shared, text) & (text.Length > 100 ? found | 12UL : 15UL));
        }
    }

    [Fact]
    public void Pattern_that_fills_an_automaton_of_its_own_stays_a_candidate()
    {
        var shared = Build(_patterns[..1]);
        Assert.Equal((0UL, 1UL, 0UL), (Find(shared, Noise(500)), Find(shared, Noise(100_000)), Find(shared, Noise(500))));
    }

    private static SharedDfa Build(string[] patterns) =>
        SharedDfa.TryBuild([.. patterns.Select((p, i) => (CompiledPattern.Compile(p).Node, i))])!;

    private static ulong Find(SharedDfa shared, string text)
    {
        Span<ulong> found = stackalloc ulong[1];
        shared.Find(text, found);
        return found[0];
    }

    private static string Noise(int length)
    {
        var random = new Random(7);
        return new([.. Enumerable.Range(0, length).Select(_ => random.Next(2) == 0 ? 'a' : 'b')]);
    }
}
