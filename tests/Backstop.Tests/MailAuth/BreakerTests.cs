using Backstop.MailAuth;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.MailAuth;

public sealed class BreakerTests
{
    private static readonly TimeSpan _rest = TimeSpan.FromSeconds(30);
    private readonly FakeTimeProvider _time = new();
    private readonly Breaker _breaker;

    public BreakerTests() => _breaker = new(3, _rest, _time);

    [Fact]
    public void Rests_after_failures_in_a_row()
    {
        Assert.False(_breaker.Failed());
        Assert.False(_breaker.Failed());
        _breaker.Succeeded();
        Assert.False(_breaker.Failed());
        Assert.False(_breaker.Failed());
        Assert.True(_breaker.MayAsk());
        Assert.True(_breaker.Failed());
        Assert.True(_breaker.Rests);
        Assert.False(_breaker.MayAsk());
    }

    [Fact]
    public void After_the_rest_one_question_tries()
    {
        Break();
        _time.Advance(_rest);
        Assert.True(_breaker.MayAsk());
        Assert.False(_breaker.MayAsk());
        Assert.True(_breaker.Failed());
        Assert.False(_breaker.MayAsk());
        _time.Advance(_rest);
        Assert.True(_breaker.MayAsk());
        _breaker.Succeeded();
        Assert.False(_breaker.Rests);
        Assert.True(_breaker.MayAsk());
        Assert.True(_breaker.MayAsk());
    }

    [Fact]
    public void A_question_that_never_comes_back_is_one_more_rest()
    {
        Break();
        _time.Advance(_rest);
        Assert.True(_breaker.MayAsk());
        _time.Advance(_rest - TimeSpan.FromTicks(1));
        Assert.False(_breaker.MayAsk());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(_breaker.MayAsk());
    }

    private void Break()
    {
        for (var i = 0; i < 3; i++)
        {
            _breaker.Failed();
        }
    }
}
