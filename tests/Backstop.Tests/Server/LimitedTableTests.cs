using Backstop.Judging;
using Backstop.Judging.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

public sealed class LimitedTableTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Source _source = new();
    private readonly LimitedTable _table;

    public LimitedTableTests() => _table = new(
        "t", _source, new(TimeSpan.FromSeconds(5), 2, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30)), d => d == "example.org", _time,
        NullLogger<LimitedTable>.Instance)
    {
        KnowsDomains = true,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_are_remembered_for_their_time_and_no_longer()
    {
        _source.Answer = key => Task.FromResult(key == "a@example.org" ? "b@example.org" : null);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("b@example.org", Assert.Single((await AskAsync("a@example.org")).Targets!).Key);
            Assert.Equal(TableAnswer.Missing, await AskAsync("x@example.org"));
        }

        Assert.Equal(2, _source.Asked.Count);
        _time.Advance(TimeSpan.FromSeconds(30));
        await AskAsync("a@example.org");
        await AskAsync("x@example.org");
        Assert.Equal(3, _source.Asked.Count);
        _time.Advance(TimeSpan.FromSeconds(270));
        await AskAsync("a@example.org");
        Assert.Equal(4, _source.Asked.Count);
    }

    /// <summary>A flood of made-up addresses must not push out those that exist, and takes little memory.</summary>
    [Fact]
    public async Task Addresses_that_do_not_exist_push_out_only_each_other()
    {
        _source.Answer = key => Task.FromResult(key == "a@example.org" ? "" : null);
        await AskAsync("a@example.org");
        for (var i = 0; i < LimitedTable.MaxKept + 1; i++)
        {
            await AskAsync($"x{i}@example.org");
        }

        _source.Asked.Clear();
        await AskAsync("a@example.org");
        await AskAsync($"x{LimitedTable.MaxKept}@example.org");
        await AskAsync("x1@example.org");
        Assert.Empty(_source.Asked);
        await AskAsync("x0@example.org");
        Assert.Single(_source.Asked);
    }

    [Fact]
    public async Task Many_that_wait_for_one_address_ask_once()
    {
        var answer = new TaskCompletionSource<string?>();
        _source.Answer = _ => answer.Task;
        var waiting = Enumerable.Range(0, 10).Select(_ => AskAsync("a@example.org").AsTask()).ToList();
        answer.SetResult(null);
        Assert.All(await Task.WhenAll(waiting), a => Assert.Equal(TableAnswer.Missing, a));
        Assert.Single(_source.Asked);
    }

    [Fact]
    public async Task Failures_begin_a_rest_and_an_answer_ends_it()
    {
        _source.Answer = _ => throw new IOException("no LDAP");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(new TableAnswer(null, "no LDAP"), await AskAsync($"{i}@example.org"));
        }

        Assert.Equal(LimitedTable.FailuresBeforeRest, _source.Asked.Count);
        Assert.StartsWith("no LDAP; ", _table.Trouble, StringComparison.Ordinal);
        _time.Advance(LimitedTable.Rest);
        _source.Answer = _ => Task.FromResult<string?>("");
        Assert.Empty((await AskAsync("a@example.org")).Targets!);
        Assert.Null(_table.Trouble);
        Assert.True(_table.HasAnswered);
    }

    [Fact]
    public async Task Answer_that_does_not_come_is_waited_for_up_to_the_limit()
    {
        var asked = new TaskCompletionSource();
        _source.Answer = async _ =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, _source.Ct);
            return null;
        };
        var answer = AskAsync("a@example.org").AsTask();
        await asked.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(new TableAnswer(null, "no answer within 5 s"), await answer);
    }

    [Fact]
    public async Task No_more_ask_at_once_than_may()
    {
        _source.Answer = async _ =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _source.Ct);
            return null;
        };
        var waiting = Enumerable.Range(0, 8).Select(i => AskAsync($"{i}@example.org").AsTask()).ToList();
        await DeliveryRig.UntilAsync(() => _source.Asked.Count == 2);

        // One that had not begun to wait yet has its time from then on.
        var all = Task.WhenAll(waiting);
        await DeliveryRig.UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return all.IsCompleted;
        });
        Assert.All(await all, a => Assert.NotNull(a.Trouble));
        Assert.Equal(2, _source.Most);
    }

    [Fact]
    public async Task Client_that_goes_ends_only_its_own_wait()
    {
        var answer = new TaskCompletionSource<string?>();
        _source.Answer = _ => answer.Task;
        using var gone = new CancellationTokenSource();
        var other = AskAsync("a@example.org").AsTask();
        var left = _table.AskAsync("a@example.org", gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        answer.SetResult("b@example.org");
        Assert.NotNull((await other).Targets);
        Assert.Single(_source.Asked);
    }

    private ValueTask<TableAnswer> AskAsync(string key) => _table.AskAsync(key, Ct);

    private sealed class Source : IAddressSource
    {
        private int _now;

        public Func<string, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

        public System.Collections.Concurrent.ConcurrentBag<string> Asked { get; } = [];

        public CancellationToken Ct { get; private set; }

        /// <summary>The most lookups that there were at once.</summary>
        public int Most { get; private set; }

        public async Task<string?> FindAsync(string key, CancellationToken ct)
        {
            lock (Asked)
            {
                Ct = ct;
                Most = Math.Max(Most, ++_now);
            }

            Asked.Add(key);
            try
            {
                return await Answer(key);
            }
            finally
            {
                lock (Asked)
                {
                    _now--;
                }
            }
        }
    }
}
