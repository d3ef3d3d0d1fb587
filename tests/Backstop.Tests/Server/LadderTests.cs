using Backstop.Judging;
using Backstop.Server.Admission;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>The ladder under load that stands, load that passes, and none; the lane of the null sender.</summary>
public sealed class LadderTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly Ladder _ladder;

    public LadderTests() => _ladder = new(_time, NullLogger<Ladder>.Instance);

    public void Dispose() => _ladder.Dispose();

    [Fact]
    public void Queue_that_stands_climbs_a_step_a_second_and_comes_down_by_itself()
    {
        var steps = Enumerable.Range(0, 5).Select(_ => Second(() => _ladder.NoteScan(TimeSpan.FromSeconds(1)))).ToList();
        Assert.Equal(
            [LadderStep.ScanOrdinary, LadderStep.ScanLater, LadderStep.RefuseReports, LadderStep.RefuseReports, LadderStep.RefuseReports],
            steps);
        Assert.Equal("mail is scanned later, bounces are deferred", _ladder.Words);
        steps = [.. Enumerable.Range(0, 30).Select(_ => Second(() => _ladder.NoteScan(TimeSpan.Zero)))];
        Assert.Equal(
            (LadderStep.RefuseReports, LadderStep.ScanLater, LadderStep.ScanOrdinary, LadderStep.Full),
            (steps[8], steps[9], steps[19], steps[29]));
    }

    [Fact]
    public void Burst_that_is_worked_off_is_no_overload() => Assert.Equal(LadderStep.Full, Second(() =>
    {
        _ladder.NoteDelivery(TimeSpan.FromSeconds(30));
        _ladder.NoteDelivery(TimeSpan.FromMilliseconds(5));
        _ladder.NoteSync(TimeSpan.FromMilliseconds(3));
    }));

    [Fact]
    public void Every_stage_counts()
    {
        Second(() => _ladder.NoteDelivery(TimeSpan.FromSeconds(3)));
        Assert.Equal(LadderStep.ScanLater, Second(() => _ladder.NoteSync(TimeSpan.FromSeconds(3))));
    }

    [Fact]
    public async Task Nobody_is_held_back_while_few_are_there()
    {
        using var lane = new FloodGate(() => 2, new(TimeProvider.System));
        lane.Real.Touch();
        Assert.Same(FloodGate.Turn.Free, await lane.EnterAsync());
        Assert.Null(lane.Rate);
        Assert.Equal(0, lane.Waiting);
    }

    [Fact]
    public async Task Beside_real_mail_everybody_has_a_turn_though_nobody_gives_one_back()
    {
        using var lane = await HeldAsync();
        var turns = Enumerable.Range(0, 20).Select(_ => lane.EnterAsync().AsTask()).ToList();
        Assert.Contains(turns, t => !t.IsCompleted);
        Assert.DoesNotContain(null, await Task.WhenAll(turns).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Equal(0, lane.Waiting);
    }

    [Fact]
    public async Task Real_mail_in_drips_keeps_nobody_out_for_good()
    {
        using var lane = await HeldAsync();
        var turns = Task.WhenAll(Enumerable.Range(0, 10).Select(_ => lane.EnterAsync().AsTask()));
        for (var tries = 0; !turns.IsCompleted; tries++)
        {
            Assert.True(tries < 10_000, "the flood stands still");
            lane.Real.Touch();
            await Task.WhenAny(turns, Task.Delay(1, TestContext.Current.CancellationToken));
        }

        Assert.DoesNotContain(null, await turns);
    }

    [Fact]
    public async Task A_full_gate_defers_and_a_stop_admits_all()
    {
        using var lane = await HeldAsync();
        var turns = Enumerable.Range(0, 6000).Select(_ => lane.EnterAsync().AsTask()).ToList();
        lane.BeginStop();
        var given = await Task.WhenAll(turns).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Contains(null, given);
        Assert.InRange(given.Count(t => t is not null), 5000, 5999);
        Assert.Same(FloodGate.Turn.Free, await lane.EnterAsync());
    }

    private static async Task<FloodGate> HeldAsync()
    {
        var lane = new FloodGate(() => 10, new(TimeProvider.System));
        for (var tries = 0; !lane.IsHeld; tries++)
        {
            Assert.True(tries < 500, "real mail holds nobody back");
            lane.Real.Touch();
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        return lane;
    }

    private LadderStep Second(Action what)
    {
        what();
        _time.Advance(TimeSpan.FromSeconds(1));
        return _ladder.Step;
    }
}
