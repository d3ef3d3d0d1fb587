using System.Net;
using Backstop.Judging.Filters;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>Who is scanned next, and that a client whose mail is dear to scan holds up nobody else.</summary>
public class FairTurnsTests
{
    private static readonly IPAddress _dear = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress _other = IPAddress.Parse("192.0.2.2");
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_client_that_used_it_least_is_next()
    {
        var turns = new FairTurns(1, _time);
        var first = await turns.EnterAsync(_dear, Token);
        var again = turns.EnterAsync(_dear, Token).AsTask();
        var other = turns.EnterAsync(_other, Token).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(50));
        turns.Leave(first);
        turns.Leave(await other);
        turns.Leave(await again);
    }

    [Fact]
    public async Task One_clients_messages_keep_their_order()
    {
        var turns = new FairTurns(1, _time);
        var turn = await turns.EnterAsync(_dear, Token);
        var waiting = Enumerable.Range(0, 5).Select(_ => turns.EnterAsync(_dear, Token).AsTask()).ToList();
        foreach (var next in waiting)
        {
            Assert.False(next.IsCompleted);
            turns.Leave(turn);
            turn = await next;
        }
    }

    [Fact]
    public async Task The_last_slot_is_kept_for_clients_that_used_it_little()
    {
        var turns = new FairTurns(3, _time);
        turns.Leave(await turns.EnterAsync(_other, Token));
        List<Task<FairTurns.Turn>> dear = [.. Enumerable.Range(0, 4).Select(_ => turns.EnterAsync(_dear, Token).AsTask())];
        await Task.WhenAll(dear[..2]);
        Assert.False(dear[2].IsCompleted);
        var other = await turns.EnterAsync(_other, Token);

        // It has one; the next of the same client is no longer little.
        var second = turns.EnterAsync(_other, Token).AsTask();
        Assert.False(second.IsCompleted);
        turns.Leave(other);
        turns.Leave(await second);
        Assert.False(dear[2].IsCompleted);
        turns.Leave(await dear[0]);
        await dear[2];
    }

    /// <summary>A mail server that sends ten ordinary messages a second uses more than a few, and still little beside the flood.</summary>
    [Fact]
    public async Task The_last_slot_is_kept_for_whoever_uses_little_of_what_the_flood_uses()
    {
        var turns = new FairTurns(2, _time);
        var used = await turns.EnterAsync(_other, Token);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        turns.Leave(used);
        var dear = await turns.EnterAsync(_dear, Token);
        _time.Advance(TimeSpan.FromSeconds(5));
        turns.Leave(dear);
        dear = await turns.EnterAsync(_dear, Token);
        var next = turns.EnterAsync(_dear, Token).AsTask();
        Assert.False(next.IsCompleted);
        var other = turns.EnterAsync(_other, Token).AsTask();
        Assert.True(other.IsCompleted);
        turns.Leave(dear);
        turns.Leave(await other);
        turns.Leave(await next);
    }

    [Fact]
    public async Task What_a_client_used_fades()
    {
        var turns = new FairTurns(2, _time);
        var dear = await turns.EnterAsync(_dear, Token);
        _time.Advance(TimeSpan.FromSeconds(2));
        turns.Leave(dear);
        var other = await turns.EnterAsync(_other, Token);
        var again = turns.EnterAsync(_dear, Token).AsTask();
        Assert.False(again.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(2));
        var third = turns.EnterAsync(IPAddress.Parse("192.0.2.3"), Token).AsTask();
        turns.Leave(await again);
        turns.Leave(await third);
        turns.Leave(other);
    }

    /// <summary>A server behind another one sees one client only, and has nobody to keep a slot for.</summary>
    [Fact]
    public async Task A_client_that_is_alone_has_every_slot()
    {
        var turns = new FairTurns(2, _time);
        var first = await turns.EnterAsync(_dear, Token);
        _time.Advance(TimeSpan.FromSeconds(1));
        turns.Leave(first);
        await Task.WhenAll(turns.EnterAsync(_dear, Token).AsTask(), turns.EnterAsync(_dear, Token).AsTask());
    }

    /// <summary>A flood from ever new addresses keeps nobody out who sends regularly.</summary>
    [Fact]
    public async Task Clients_that_come_for_the_first_time_do_not_overtake_for_ever()
    {
        var turns = new FairTurns(1, _time);
        var used = await turns.EnterAsync(_dear, Token);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        turns.Leave(used);
        var turn = await turns.EnterAsync(Stranger(0), Token);
        var regular = turns.EnterAsync(_dear, Token).AsTask();
        var strangers = 0;
        while (!regular.IsCompleted)
        {
            Assert.InRange(++strangers, 1, 60);
            var next = turns.EnterAsync(Stranger(strangers), Token).AsTask();
            _time.Advance(TimeSpan.FromMilliseconds(30));
            turns.Leave(turn);

            // Continuations run elsewhere.
            turn = await await Task.WhenAny(next, regular);
            if (next.IsCompleted && !regular.IsCompleted)
            {
                continue;
            }

            break;
        }

        Assert.InRange(strangers, 5, 40);

        static IPAddress Stranger(int n) => new([198, 51, (byte)(n / 256), (byte)n]);
    }

    /// <summary>A host has a whole /64.</summary>
    [Fact]
    public async Task Addresses_of_one_ipv6_network_are_one_client()
    {
        var turns = new FairTurns(2, _time);
        turns.Leave(await turns.EnterAsync(_other, Token));
        _ = await turns.EnterAsync(IPAddress.Parse("2001:db8:0:1::1"), Token);
        Assert.False(turns.EnterAsync(IPAddress.Parse("2001:db8:0:1::2"), Token).AsTask().IsCompleted);
        Assert.True(turns.EnterAsync(IPAddress.Parse("2001:db8:0:2::1"), Token).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_slot()
    {
        var turns = new FairTurns(1, _time);
        var first = await turns.EnterAsync(_dear, Token);
        using var tired = new CancellationTokenSource();
        var waiting = turns.EnterAsync(_other, tired.Token).AsTask();
        var last = turns.EnterAsync(_dear, Token).AsTask();
        await tired.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => waiting);
        await Assert.ThrowsAsync<OperationCanceledException>(() => turns.EnterAsync(_other, tired.Token).AsTask());
        turns.Leave(first);
        turns.Leave(await last);
    }

    /// <summary>Whoever comes, leaves and gives up: never more at once than slots, and in the end everybody had a turn.</summary>
    [Fact]
    public void Slots_are_neither_lost_nor_doubled() =>
        Gen.Select(Gen.Int[1, 4], Gen.Select(Gen.Int[0, 2], Gen.Int[1, 5]).Array[0, 60]).Sample((slots, steps) =>
        {
            var turns = new FairTurns(slots, _time);
            var open = new List<(Task<FairTurns.Turn> Turn, CancellationTokenSource Tired)>();
            foreach (var (kind, number) in steps)
            {
                if (kind == 0)
                {
                    var tired = new CancellationTokenSource();
                    open.Add((turns.EnterAsync(new IPAddress([192, 0, 2, (byte)number]), tired.Token).AsTask(), tired));
                }
                else if (kind == 1 && open.FirstOrDefault(o => o.Turn.IsCompletedSuccessfully) is { Turn: { } turn } done)
                {
                    _time.Advance(TimeSpan.FromMilliseconds(10 * number));
                    turns.Leave(turn.Result);
                    open.Remove(done);
                }
                else if (kind == 2 && open.LastOrDefault(o => !o.Turn.IsCompleted) is { Tired: { } cancelled } given)
                {
                    // It may have begun in this moment: then it has its slot all the same.
                    cancelled.Cancel();
                    Task.WaitAny([given.Turn], Token);
                    _ = given.Turn.IsCanceled && open.Remove(given);
                }

                Assert.InRange(open.Count(o => o.Turn.IsCompletedSuccessfully), 0, slots);
            }

            // Continuations run elsewhere: to wait for one is no race, to ask whether it has run would be.
            while (open.Count > 0)
            {
                var index = Task.WaitAny([.. open.Select(o => o.Turn)], Token);
                turns.Leave(open[index].Turn.Result);
                open.RemoveAt(index);
            }
        }, iter: 200);
}
