using Backstop.Server.Delivery;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>When what has failed is tried again.</summary>
public sealed class RestingTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly object _gate = new();
    private readonly List<string> _woken = [];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(9, 256)]
    [InlineData(10, 300)]
    [InlineData(int.MaxValue, 300)]
    public void Pauses_double_up_to_five_minutes(int failures, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), BackOff.After(failures));

    [Fact]
    public void Each_is_woken_when_it_is_due()
    {
        var now = _time.GetUtcNow();
        var due = new Dictionary<string, DateTimeOffset> { ["late"] = now.AddSeconds(9), ["soon"] = now.AddSeconds(2) };
        using var resting = Rest(due);
        Add(resting, "late");
        Add(resting, "soon");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_woken);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(["soon"], _woken);
        Assert.Equal(["late"], resting.Items);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["soon", "late"], _woken);
        Assert.Empty(resting.Items);
    }

    [Fact]
    public void One_that_is_due_at_another_time_now_is_woken_once_and_then()
    {
        var due = new Dictionary<string, DateTimeOffset> { ["one"] = _time.GetUtcNow().AddSeconds(2) };
        using var resting = Rest(due);
        Add(resting, "one");
        due["one"] = _time.GetUtcNow().AddSeconds(5);
        Add(resting, "one");
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_woken);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["one"], _woken);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["one"], _woken);
    }

    private Resting<string> Rest(Dictionary<string, DateTimeOffset> due) => new(_gate, i => due[i], _woken.Add, _time);

    private void Add(Resting<string> resting, string item)
    {
        lock (_gate)
        {
            resting.Add(item);
        }
    }
}
