using System.Globalization;
using Backstop.SpamRules.Learning;
using Backstop.SpamRules.Rules;

namespace Backstop.Bench;

/// <summary>
/// The learner as a filter of lines, for comparisons with other learners: <c>Backstop.Bench bayes RULES</c> reads <c>ham FILE</c>,
/// <c>spam FILE</c>, <c>ask FILE</c>, <c>tokens FILE</c> and <c>new</c> (forget all), a tab between, from standard input. It writes a
/// line for each file that is asked about: its name and the probability of spam, or its tokens in hexadecimal digits. What is learned
/// is in memory, and none of it expires.
/// </summary>
internal static class BayesBench
{
    /// <summary>Answers all lines.</summary>
    /// <param name="rules">The folder of the rule files, which say what a top-level domain is and which relays are trusted.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string rules)
    {
        var set = RuleSet.LoadOrOwn([rules]);
        var learner = new BayesLearner(set, new MemoryBayesStore());
        foreach (var block in Blocks(Lines().Select(line => line.Split('\t')), 500))
        {
            if (block[0][0] == "new")
            {
                learner = new BayesLearner(set, new MemoryBayesStore());
                continue;
            }

            var messages = block.Select(l => new ReadOnlyMemory<byte>(File.ReadAllBytes(l[1]))).ToList();
            if (block[0][0] is "ham" or "spam")
            {
                learner.Change(messages, block[0][0] == "spam");
                continue;
            }

            Func<ReadOnlyMemory<byte>, string> answer = block[0][0] == "ask"
                ? m => learner.Probability(m.Span)?.ToString("G17", CultureInfo.InvariantCulture) ?? "none"
                : m => string.Join(' ', Words(learner, m.Span));
            foreach (var (line, said) in block.Zip(messages.AsParallel().AsOrdered().Select(answer)))
            {
                Console.WriteLine($"{line[1]}\t{said}");
            }
        }

        return 0;
    }

    private static SortedSet<string> Words(BayesLearner learner, ReadOnlySpan<byte> message)
    {
        var words = new SortedSet<string>(StringComparer.Ordinal);
        BayesLearner.Tokens(learner.Unmarked(message), token => words.Add(Convert.ToHexStringLower(token)));
        return words;
    }

    private static IEnumerable<string> Lines()
    {
        while (Console.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    // Neighbours of the same kind, so that they are read on all cores.
    private static IEnumerable<List<string[]>> Blocks(IEnumerable<string[]> lines, int most)
    {
        var block = new List<string[]>();
        foreach (var line in lines)
        {
            if (block.Count > 0 && (block.Count == most || block[0][0] != line[0]))
            {
                yield return block;
                block = [];
            }

            block.Add(line);
        }

        if (block.Count > 0)
        {
            yield return block;
        }
    }
}
