using Backstop.State;
using CsCheck;
using Microsoft.Data.Sqlite;

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

    /// <summary>
    /// The rows are those that a statement for each token of each message would leave, times included, whatever is learned and
    /// forgotten in whatever batches, and whoever else writes between.
    /// </summary>
    [Fact]
    public void Rows_are_those_of_a_statement_for_each_token()
    {
        var step = Gen.Select(Gen.Int[0, 7], Gen.Int[0, 2]);

        // A message has the same tokens each time.
        Gen.Select(step.List[1, 6].List[1, 6], Gen.Bool, Gen.Long[0, 12].HashSet[0, 6].Array[8]).Sample(
            (batches, another, words) =>
            {
                using var folder = new TempFolder();
                var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
                using var database = new BayesDatabase(folder["new.db"], time);
                using var other = new BayesDatabase(folder["new.db"], time);
                using (new BayesDatabase(folder["old.db"], time))
                {
                }

                using var old = new SqliteConnection($"Data Source={folder["old.db"]};Pooling=False");
                old.Open();
                var turn = 0;
                foreach (var batch in batches)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    var messages = batch.Select(b => (
                        Message: $"m{b.Item1}", IsSpam: b.Item2 == 2 ? null : (bool?)(b.Item2 == 1),
                        Tokens: (IReadOnlyCollection<long>)words[b.Item1])).ToList();
                    (another && turn++ % 2 == 1 ? other : database).Change(messages);
                    foreach (var (message, isSpam, tokens) in messages)
                    {
                        ChangeByStatements(old, message, isSpam, tokens, time.GetUtcNow().ToUnixTimeSeconds());
                    }
                }

                using var now = new SqliteConnection($"Data Source={folder["new.db"]};Pooling=False");
                now.Open();
                Assert.Equal(Rows(old), Rows(now));
            },
            iter: 60);
    }

    /// <summary>A database that grows beyond its most tokens keeps the same ones as before, and so do later changes.</summary>
    [Fact]
    public void What_is_dropped_is_gone_from_memory_too()
    {
        using var folder = new TempFolder();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        using var database = new BayesDatabase(folder["bayes.db"], time);
        database.Learn("old", true, [1, 2, 3]);
        time.Advance(TimeSpan.FromSeconds(1));
        database.Learn("many", true, [.. Enumerable.Range(10, BayesDatabase.MaxTokens).Select(t => (long)t)]);
        Assert.Equal([(0, 0), (0, 0), (0, 0)], Find(database, 1, 2, 3));
        database.Learn("again", false, [1]);
        Assert.Equal([(0, 1)], Find(database, 1));
        using var read = new BayesDatabase(folder["bayes.db"], time);
        Assert.Equal([(0, 1), (0, 0)], Find(read, 1, 2));
        Assert.Equal(database.Tokens, read.Tokens);
    }

    private static void ChangeByStatements(SqliteConnection db, string message, bool? isSpam, IReadOnlyCollection<long> tokens, long now)
    {
        var before = Ask($"SELECT spam FROM learned WHERE message = '{message}'") is long spam ? spam != 0 : (bool?)null;
        if (before == isSpam)
        {
            return;
        }

        foreach (var (kind, by) in new[] { (before, -1), (isSpam, 1) })
        {
            if (kind is { } isKind)
            {
                var column = isKind ? "spam" : "ham";
                foreach (var token in tokens)
                {
                    Ask(
                        $"INSERT INTO token VALUES ({token}, {(isKind ? $"MAX(0, {by}), 0" : $"0, MAX(0, {by})")}, {now}) "
                            + $"ON CONFLICT DO UPDATE SET {column} = MAX(0, {column} + {by}), seen_at = MAX(seen_at, {now})");
                }

                Ask($"UPDATE total SET {column} = MAX(0, {column} + {by})");
            }
        }

        Ask(isSpam is { } learned ? $"INSERT OR REPLACE INTO learned VALUES ('{message}', {(learned ? 1 : 0)}, {now})"
            : $"DELETE FROM learned WHERE message = '{message}'");
        Ask("DELETE FROM token WHERE spam = 0 AND ham = 0");

        object? Ask(string sql)
        {
            using var command = db.CreateCommand();
#pragma warning disable CA2100 // The values are the test's own.
            command.CommandText = sql;
#pragma warning restore CA2100
            return command.ExecuteScalar();
        }
    }

    private static List<string> Rows(SqliteConnection db)
    {
        using var command = db.CreateCommand();
        command.CommandText = """
            SELECT 'token', id, spam, ham, seen_at FROM token
            UNION ALL SELECT 'learned', message, spam, learned_at, 0 FROM learned
            UNION ALL SELECT 'total', one, spam, ham, 0 FROM total ORDER BY 1, 2
            """;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, 5).Select(reader.GetValue)));
        }

        return rows;
    }

    private static (int, int)[] Find(BayesDatabase database, params long[] tokens)
    {
        var counts = new (int, int)[tokens.Length];
        database.Find(tokens, (i, spam, ham) => counts[i] = (spam, ham));
        return counts;
    }
}
