using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Backstop.Automata;

namespace Backstop.Tests.Automata;

/// <summary>The example in the README is code that runs: this test holds it word for word.</summary>
public sealed partial class ReadmeExampleTests
{
    [Fact]
    public void Finds_the_digits()
    {
        // Two or three digits at the end of a line.
        var builder = new NfaBuilder(maxNodes: 1000);
        var lineEnd = Assertion.Where((before, next) => next is Side.Edge or Side.Newline);
        var end = builder.Assert(lineEnd, builder.Match());
        builder.Start(builder.Repeat(2, 3, end, next => builder.Set(ByteSet.Range('0', '9'), next)));

        var dfa = new LazyDfa(builder.Build(), new DfaLimits());
        var text = "a1 b22\nc"u8;
        var (state, made, found) = (dfa.Start, 0, -1);
        for (var at = 0; at <= text.Length && found < 0; at++)
        {
            var symbol = at < text.Length ? dfa.ClassOf[text[at]] : dfa.End;
            state = dfa.Next(state, symbol, at, ref made);
            found = state.Matched.Length > 0 ? at : -1; // the match ends before the symbol just read
        }

        Assert.Equal(6, found);
    }

    [Fact]
    public void Example_of_the_readme_is_this_test()
    {
        var readme = File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "src", "Backstop.Automata", "README.md"));
        var example = Fence().Match(readme).Groups["code"].Value;
        Assert.InRange(example.Split('\n').Length, 10, 25);
        Assert.Contains(Lines(example), Lines(File.ReadAllText(Here())), StringComparison.Ordinal);
    }

    // Indented as the test is, it is the same code.
    private static string Lines(string text) => string.Join('\n', text.Split('\n').Select(l => l.Trim()));

    private static string Here([CallerFilePath] string here = "") => here;

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();
}
