using Backstop.Backscatter.Storms;
using Backstop.Server.Alerts;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Of every storm somebody is told, at once or in the next day's digest, however many begin and end together.</summary>
public sealed class StormNewsTests
{
    private static readonly IReadOnlyDictionary<string, long> _none = new Dictionary<string, long>();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Beginnings_above_the_daily_number_are_in_the_digest_of_the_next_day_and_ends_follow_beginnings()
    {
        var news = new StormNews(1, _time);
        Assert.True(news.MayTell(Storm("a")));
        Assert.False(news.MayTell(Storm("b")));
        Assert.True(news.MayTell(Storm("a", isOver: true)));
        Assert.False(news.MayTell(Storm("b", isOver: true)));
        Assert.Empty(news.TakeRest());
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(("b", true), One(news.TakeRest()));
        Assert.Empty(news.TakeRest());
    }

    [Fact]
    public async Task End_that_finds_the_queue_full_is_in_the_digest()
    {
        var news = new StormNews(5, _time);
        Assert.True(news.Add(Storm("told")));
        Assert.True(news.MayTell(await NextAsync(news)));
        Fill(news, StormNews.MaxWaiting);
        Assert.False(news.Add(Storm("told", isOver: true)));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(("told", true), One(news.TakeRest()));
    }

    /// <summary>The beginning still waits when the end finds no room: it is told of, and the digest has the end.</summary>
    [Fact]
    public async Task End_that_overtakes_its_beginning_is_in_the_digest_and_not_waited_for()
    {
        var news = new StormNews(5, _time);
        news.Add(Storm("a"));
        Fill(news, StormNews.MaxWaiting - 1);
        Assert.False(news.Add(Storm("a", isOver: true)));
        Assert.True(news.MayTell(await NextAsync(news)));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(("a", true), One(news.TakeRest()));
        Assert.False(news.MayTell(Storm("a", isOver: true)));
    }

    [Fact]
    public void Digest_is_bounded_and_keeps_the_newest()
    {
        var news = new StormNews(0, _time);
        for (var i = 0; i <= StormNews.MaxWaiting; i++)
        {
            Assert.False(news.MayTell(Storm($"{i}")));
        }

        _time.Advance(TimeSpan.FromDays(1));
        var rest = news.TakeRest();
        Assert.Equal(StormNews.MaxWaiting, rest.Count);
        Assert.Equal(("1", $"{StormNews.MaxWaiting}"), (rest[0].Id, rest[^1].Id));
    }

    private static (string Id, bool IsOver) One(IReadOnlyList<StormRecord> rest) =>
        (Assert.Single(rest).Id, rest[0].Ended is not null);

    private static async Task<StormRecord> NextAsync(StormNews news)
    {
        await foreach (var storm in news.ReadAsync(Ct))
        {
            return storm;
        }

        throw new InvalidOperationException("the queue has ended");
    }

    private static void Fill(StormNews news, int room)
    {
        for (var i = 0; i < room; i++)
        {
            Assert.True(news.Add(Storm($"other{i}")));
        }
    }

    private static StormRecord Storm(string id, bool isOver = false)
    {
        var at = new DateTimeOffset(2026, 11, 24, 7, 0, 0, TimeSpan.Zero);
        return new(
            id, "bounce-flood", "me@example.org", at, isOver ? at.AddHours(1) : null, at, 1, 1, _none, _none, _none, [],
            new Dictionary<long, long>(), null);
    }
}
