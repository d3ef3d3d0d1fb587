using System.Net;
using Backstop.Judging;
using Backstop.Judging.Clients;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Clocks that are set back and forth.</summary>
public sealed class SteadyTimeTests
{
    private static readonly DateTimeOffset _start = new(2026, 11, 25, 6, 0, 0, TimeSpan.Zero);
    private readonly SetClock _time = new();

    [Fact]
    public void It_follows_the_clock_and_never_goes_back()
    {
        var steady = new SteadyTime(_time);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(_start.AddMinutes(1), steady.GetUtcNow());

        // A day back: it goes on by what has passed.
        _time.Set(_start.AddDays(-1));
        Assert.Equal(_start.AddMinutes(1), steady.GetUtcNow());
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(_start.AddMinutes(6), steady.GetUtcNow());

        // Forth: a clock that began in 1970 and has been set is right.
        _time.Set(_start.AddDays(3));
        Assert.Equal(_start.AddDays(3), steady.GetUtcNow());
    }

    [Fact]
    public void A_first_try_is_let_in_again_though_the_clock_went_back()
    {
        var tries = new FirstTries(TimeSpan.FromMinutes(5), new SteadyTime(_time));
        Assert.True(tries.PutsOff(IPAddress.Parse("192.0.2.1"), "me@example.org"));
        _time.Set(_start.AddDays(-1));
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.False(tries.PutsOff(IPAddress.Parse("192.0.2.1"), "me@example.org"));
    }

    /// <summary>A large sender tries again from the next building.</summary>
    [Theory]
    [InlineData("192.0.2.1", "192.0.77.9", false)]
    [InlineData("192.0.2.1", "192.1.2.1", true)]
    [InlineData("2001:db8:1::1", "2001:db8:2::9", false)]
    [InlineData("2001:db8:1::1", "2001:db9:1::1", true)]
    public void Next_try_counts_from_anywhere_in_the_network(string first, string next, bool isPutOff)
    {
        var tries = new FirstTries(TimeSpan.FromMinutes(5), _time);
        tries.PutsOff(IPAddress.Parse(first), "me@example.org");
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(isPutOff, tries.PutsOff(IPAddress.Parse(next), "me@example.org"));
    }

    /// <summary>
    /// Whoever fills the table makes nobody wait, nor does he end what it is for: those who are in it are still put off and let in.
    /// </summary>
    [Fact]
    public void A_full_table_judges_newcomers_at_once_and_recovers()
    {
        var tries = new FirstTries(TimeSpan.FromMinutes(5), _time);
        Assert.True(tries.PutsOff(IPAddress.Parse("192.0.2.1"), "me@example.org"));
        for (var i = 0; i < FirstTries.Max + 10; i++)
        {
            tries.PutsOff(new IPAddress([10, (byte)(i & 255), 0, 0]), $"victim{i >> 8}@example.org");
        }

        Assert.False(tries.PutsOff(IPAddress.Parse("198.51.100.1"), "me@example.org"));
        Assert.True(tries.PutsOff(IPAddress.Parse("192.0.2.1"), "me@example.org"));
        _time.Advance(TimeSpan.FromMinutes(6));
        tries.Forget();
        Assert.False(tries.PutsOff(IPAddress.Parse("192.0.2.1"), "me@example.org"));
        _time.Advance(TimeSpan.FromHours(7));
        tries.Forget();
        Assert.True(tries.PutsOff(IPAddress.Parse("198.51.100.1"), "me@example.org"));
    }

    // A wall clock that can be set, beside a monotonic one that cannot.
    private sealed class SetClock : TimeProvider
    {
        private readonly FakeTimeProvider _monotonic = new(_start);
        private TimeSpan _offset;

        public override long TimestampFrequency => _monotonic.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _monotonic.GetUtcNow() + _offset;

        public override long GetTimestamp() => _monotonic.GetTimestamp();

        public void Advance(TimeSpan by) => _monotonic.Advance(by);

        public void Set(DateTimeOffset now) => _offset = now - _monotonic.GetUtcNow();
    }
}
