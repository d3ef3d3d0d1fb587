using System.IO.Pipelines;
using System.Net;
using Backstop.Server.Net;
using Backstop.Server.Smtp;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>How long a client may take that sends little at a time: for a command, for a message, for a request of a server.</summary>
public sealed class SendingPaceTests
{
    private static readonly TimeSpan _most = TimeSpan.FromMinutes(3);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 6, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Octets_of_a_command_buy_no_time_and_our_own_work_costs_none()
    {
        var pace = new SendingPace(_time);
        pace.Begin(TimeSpan.FromMinutes(5));
        for (var octet = 1; octet <= 10; octet++)
        {
            pace.Wait();
            _time.Advance(TimeSpan.FromSeconds(4));
            pace.Came();
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(TimeSpan.FromSeconds(260), pace.Wait());
    }

    /// <summary>One octet every four seconds ends after three minutes; a link of 200 octets a second has all the time it needs.</summary>
    [Theory]
    [InlineData(1, 4, 100, true)]
    [InlineData(200, 1, 100, false)]
    [InlineData(1000, 10, 100, false)]
    [InlineData(12_000, 170, 100, true)]
    [InlineData(18_000, 170, 100, false)]
    [InlineData(1, 170, 0, false)]
    public void Data_must_keep_up_at_its_rate(int octets, int everySeconds, int rate, bool ends)
    {
        var pace = new SendingPace(_time);
        pace.Begin(_most);
        var hasEnded = false;
        for (var elapsed = 0; elapsed < 3600 && !hasEnded; elapsed += everySeconds)
        {
            hasEnded = pace.Wait() < TimeSpan.FromSeconds(everySeconds);
            _time.Advance(TimeSpan.FromSeconds(everySeconds));
            pace.Came(octets, rate, _most);
        }

        Assert.Equal(ends, hasEnded);
    }

    /// <summary>Nobody saves up: whoever was fast may still be silent only as long as others.</summary>
    [Fact]
    public void Fast_client_has_no_more_time_than_there_is()
    {
        var pace = new SendingPace(_time);
        pace.Begin(TimeSpan.FromMinutes(1));
        pace.Wait();
        pace.Came(50_000_000, 100, _most);
        Assert.Equal(_most, pace.Left);
        pace.Came(1, 0, _most);
        Assert.Equal(_most, pace.Left);
    }

    [Fact]
    public async Task Dripping_client_of_smtp_gets_421_within_the_time_of_one_command()
    {
        await using var server = await TestServer.StartAsync(time: _time);
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync("S: 220\nC: HELO c\nS: 250");
        Assert.StartsWith("421 4.4.2", await DripAsync(dialog, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dripping_message_is_ended_by_its_rate()
    {
        await using var server = await TestServer.StartAsync(o => o.Smtp.MessageTimeout = TimeSpan.FromDays(1), _time);
        using var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync(
            "S: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<a@b.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354");
        Assert.StartsWith("421 4.4.2", await DripAsync(dialog, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dripping_load_balancer_is_hung_up_on()
    {
        await using var server = await TestServer.StartAsync(o => o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")], _time);
        using var dialog = new Dialog(server.Smtp);
        await dialog.ConnectAsync();
        await dialog.SendAsync("PROXY TCP4 ");
        Assert.Null(await DripAsync(dialog, "1"));
    }

    [Theory]
    [InlineData("policy", "x")]
    [InlineData("table", "get x")]
    [InlineData("milter", "\0")]
    public async Task Dripping_server_is_hung_up_on(string protocol, string start)
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        await using var server = await TestServer.StartAsync(
            o =>
            {
                (o.Listen.Policy, o.Listen.Table, o.Listen.Milter) = ([any], [any], [any]);
                o.Guard.IdleTimeout = TimeSpan.FromDays(1);
            },
            _time);
        using var dialog = new Dialog(server.EndPoint(protocol));
        await dialog.ConnectAsync();
        await dialog.SendAsync(start);
        Assert.Null(await DripAsync(dialog, "\0"));
    }

    [Fact]
    public async Task Server_may_be_silent_between_requests_and_send_many_in_parts()
    {
        using var clock = new GuardClock(TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(5), _time, Ct);
        for (var i = 0; i < 100; i++)
        {
            // The end of one request and the beginning of the next.
            clock.Took(20, 10);
            _time.Advance(TimeSpan.FromMinutes(4));
        }

        clock.Took(10, 0);
        var pipe = new Pipe();
        var read = clock.ReadAsync(pipe.Reader).AsTask();
        _time.Advance(TimeSpan.FromMinutes(14));
        Assert.False(read.IsCompleted);
        await pipe.Writer.WriteAsync("x"u8.ToArray(), Ct);
        var buffer = (await read).Buffer;
        pipe.Reader.AdvanceTo(buffer.Start, buffer.End);
        clock.Took(1, 1);
        read = clock.ReadAsync(pipe.Reader).AsTask();
        _time.Advance(TimeSpan.FromMinutes(6));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Throws<IOException>(() => clock.Took(2, 2));
    }

    // Octets come as time passes, however late the server gets to them; the line that it says at last.
    private async Task<string?> DripAsync(Dialog dialog, string octet)
    {
        var told = dialog.ReadLineAsync();
        for (var tries = 0; !told.IsCompleted && tries < 1000; tries++)
        {
            try
            {
                await dialog.SendAsync(octet);
            }
            catch (IOException)
            {
                break;
            }

            _time.Advance(TimeSpan.FromSeconds(30));
            await Task.WhenAny(told, Task.Delay(10, Ct));
        }

        return await told;
    }
}
