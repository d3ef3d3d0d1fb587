using Backstop.Server.Admission;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>When a flood stands back for real mail, and how fast it comes in beside it.</summary>
public sealed class FloodGateTests
{
    private static readonly TimeSpan _target = TimeSpan.FromMilliseconds(0.4);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_step_is_work_until_its_reply_and_the_moment_in_which_the_next_line_comes()
    {
        var real = new RealWork(_time);
        Assert.Equal((false, false), (real.IsNow, real.IsRecent));
        using (real.Begin(isReal: true))
        {
            Assert.True(After(25, real));
        }

        Assert.True(After(1, real));
        Assert.False(After(1, real));
        Assert.True(real.IsRecent);
        After(2000, real);
        Assert.False(real.IsRecent);
    }

    [Fact]
    public void A_step_that_waits_for_somebody_else_stops_nobody_for_long()
    {
        var real = new RealWork(_time);
        using var slow = real.Begin(isReal: true);
        Assert.False(After(30, real));
        using var next = real.Begin(isReal: true);
        Assert.True(real.IsNow);
    }

    [Fact]
    public void Other_steps_are_no_work()
    {
        var real = new RealWork(_time);
        using (real.Begin(isReal: false))
        {
            Assert.False(real.IsNow);
        }

        Assert.False(real.IsNow);
        real.Touch();
        Assert.True(real.IsNow);
    }

    [Fact]
    public void Rate_falls_from_what_came_and_rises_until_nobody_is_slowed()
    {
        var rate = new FloodRate();
        rate.Steer(late: TimeSpan.Zero, _target, sync: TimeSpan.Zero, seen: 3000);
        Assert.False(rate.IsSlowed);
        rate.Steer(TimeSpan.FromMilliseconds(1), _target, TimeSpan.Zero, seen: 2000);
        Assert.Equal(1700, rate.PerSecond);
        rate.Steer(TimeSpan.Zero, _target, TimeSpan.FromMilliseconds(10), seen: 100);
        Assert.Equal(1445, rate.PerSecond);
        rate.Steer(TimeSpan.Zero, _target, TimeSpan.Zero, seen: 100);
        Assert.Equal(1502.8, rate.PerSecond, 1);
        rate.Free();
        Assert.False(rate.IsSlowed);
    }

    [Fact]
    public void Rate_never_falls_to_nothing()
    {
        var rate = new FloodRate();
        for (var i = 0; i < 100; i++)
        {
            rate.Steer(TimeSpan.FromSeconds(1), _target, TimeSpan.Zero, seen: 0);
        }

        Assert.Equal(250, rate.PerSecond);
    }

    private bool After(int milliseconds, RealWork real)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        return real.IsNow;
    }
}
