using Backstop.State;
using CsCheck;

namespace Backstop.Tests.State;

public class BayesDatabaseTests
{
    [Fact]
    public void Many_messages_in_one_change_count_as_one_by_one()
    {
        using var folder = new TempFolder();
        using var one = new BayesDatabase(folder["one.db"], TimeProvider.System);
        using var many = new BayesDatabase(folder["many.db"], TimeProvider.System);
        (string Message, bool? IsSpam, IReadOnlyCollection<long> Tokens)[] messages =
            [("a", true, [1, 2]), ("a", true, [1, 2]), ("b", false, [2, 3]), ("a", false, [1, 2]), ("c", true, [3]),
             ("c", null, [3]), ("d", null, [4])];
        var changed = messages.Count(m => m.IsSpam is { } isSpam
            ? one.Learn(m.Message, isSpam, m.Tokens)
            : one.Forget(m.Message, m.Tokens));
        Assert.Equal(changed, many.Change(messages));
        Assert.Equal(one.Messages, many.Messages);
        foreach (var database in new[] { one, many })
        {
            var found = new List<(int, int)>();
            database.Find([1, 2, 3, 4], (_, spam, ham) => found.Add((spam, ham)));
            Assert.Equal([(0, 1), (0, 2), (0, 1), (0, 0)], found);
        }
    }

    [Fact]
    public void WhatWasLearnedOutlivesTheProcess()
    {
        using var folder = new TempFolder();
        using (var database = new BayesDatabase(folder["bayes.db"], TimeProvider.System))
        {
            Assert.True(database.Learn("m1", true, [1, 2, 3]));
            Assert.True(database.Learn("m2", false, [2]));
        }

        using var again = new BayesDatabase(folder["bayes.db"], TimeProvider.System);
        Assert.Equal((1, 1), again.Messages);
        Assert.Equal([(1, 0), (1, 1), (1, 0), (0, 0)], Find(again, 1, 2, 3, 4));
        Assert.False(again.Learn("m1", true, [1, 2, 3]));
    }

    [Fact]
    public void AnotherProcessIsSeenAfterAWhile()
    {
        using var folder = new TempFolder();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        using var server = new BayesDatabase(folder["bayes.db"], time);
        using var tool = new BayesDatabase(folder["bayes.db"], time);
        Assert.Equal((0, 0), server.Messages);
        tool.Learn("m1", true, [7]);
        time.Advance(BayesDatabase.RefreshAfter);
        Assert.Equal((1, 0), server.Messages);
        Assert.Equal([(1, 0)], Find(server, 7));
    }

    [Fact]
    public void MemoryAndDiskAgreeWhateverIsLearned()
    {
        var step = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 2], Gen.Long[0, 6].HashSet[0, 4]);
        step.List[0, 20].Sample(
            steps =>
            {
                using var folder = new TempFolder();
                var expected = new Dictionary<int, (bool Spam, HashSet<long> Tokens)>();
                using var database = new BayesDatabase(folder["bayes.db"], TimeProvider.System);
                foreach (var (message, what, given) in steps)
                {
                    // A message has the same tokens each time.
                    var tokens = expected.TryGetValue(message, out var before) ? before.Tokens : given;
                    if (what == 2)
                    {
                        Assert.Equal(expected.Remove(message), database.Forget($"m{message}", tokens));
                    }
                    else
                    {
                        Assert.Equal(before.Tokens is null || before.Spam != (what == 1), database.Learn($"m{message}", what == 1, tokens));
                        expected[message] = (what == 1, tokens);
                    }
                }

                (int, int)[] counts = [
                    .. Enumerable.Range(0, 7).Select(t =>
                        (expected.Values.Count(m => m.Spam && m.Tokens.Contains(t)), expected.Values.Count(m =>
                            !m.Spam && m.Tokens.Contains(t))))];
                Assert.Equal(counts, Find(database, 0, 1, 2, 3, 4, 5, 6));
                using var again = new BayesDatabase(folder["bayes.db"], TimeProvider.System);
                Assert.Equal(counts, Find(again, 0, 1, 2, 3, 4, 5, 6));
            },
            iter: 60);
    }

    [Fact]
    public void No_change_leaves_more_tokens_than_the_most()
    {
        using var folder = new TempFolder();
        using var database = new BayesDatabase(folder["bayes.db"], TimeProvider.System);
        database.Learn("m1", true, [.. Enumerable.Range(0, BayesDatabase.MaxTokens).Select(t => (long)t)]);
        Assert.Equal(BayesDatabase.MaxTokens, database.Tokens);
        database.Learn("m2", true, [-1]);
        Assert.Equal(BayesDatabase.MaxTokens * 3 / 4, database.Tokens);
        using var again = new BayesDatabase(folder["bayes.db"], TimeProvider.System);
        Assert.Equal(BayesDatabase.MaxTokens * 3 / 4, again.Tokens);
    }

    private static (int, int)[] Find(BayesDatabase database, params long[] tokens)
    {
        var counts = new (int, int)[tokens.Length];
        database.Find(tokens, (i, spam, ham) => counts[i] = (spam, ham));
        return counts;
    }
}
