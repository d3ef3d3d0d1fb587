using System.Globalization;
using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.Server.Admission;
using Backstop.State;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What is kept for whom as connections and the spool run full, and what a client is taken for.</summary>
public sealed class LaneTests
{
    private static readonly IPAddress _client = IPAddress.Parse("203.0.113.9");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 6, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(0, 0, "Ordinary")]
    [InlineData(0, 19, "Ordinary")]
    [InlineData(0, 20, "Suspect")]
    [InlineData(2, 20, "Suspect")]
    [InlineData(3, 20, "Ordinary")]
    [InlineData(3, 30, "Suspect")]
    public void Client_is_suspect_by_what_nobody_wanted(int wanted, int unwanted, string expected)
    {
        var history = new ClientHistory(_time);
        Bring(history, _client, wanted, unwanted);
        Assert.Equal(expected, history.Of(_client).ToString());
    }

    [Fact]
    public void Suspicion_passes()
    {
        var history = new ClientHistory(_time);
        Bring(history, _client, 0, 50);
        _time.Advance(TimeSpan.FromMinutes(61));
        history.NoteUnwanted(IPAddress.Parse("203.0.113.10"));
        _time.Advance(TimeSpan.FromMinutes(61));
        history.NoteUnwanted(IPAddress.Parse("203.0.113.10"));
        Assert.Equal(MailClass.Ordinary, history.Of(_client));
    }

    [Fact]
    public void A_server_of_a_known_correspondent_is_known_whatever_else_it_brings()
    {
        var history = new ClientHistory(_time);
        Bring(history, _client, 0, 500);
        history.NoteWanted(_client, () => true);
        Assert.Equal(MailClass.Known, history.Of(_client));
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, false)]
    [InlineData(9, 8, true)]
    public void Client_of_which_most_was_wanted_is_taken_for_one_of_real_mail(int wanted, int unwanted, bool expected)
    {
        var history = new ClientHistory(_time);
        Bring(history, _client, wanted, unwanted);
        Assert.Equal(expected, history.BringsRealMail(_client));
    }

    [Fact]
    public void Known_client_through_which_a_flood_comes_is_not_waited_for()
    {
        var history = new ClientHistory(_time);
        history.NoteWanted(_client, () => true);
        Assert.True(history.BringsRealMail(_client));
        Bring(history, _client, 3, 20);
        Assert.Equal((MailClass.Known, false), (history.Of(_client), history.BringsRealMail(_client)));
    }

    [Fact]
    public void Host_is_its_whole_network_in_ipv6()
    {
        var history = new ClientHistory(_time);
        Bring(history, IPAddress.Parse("2001:db8:1:2::1"), 0, 20);
        Assert.Equal(MailClass.Suspect, history.Of(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.Equal(MailClass.Ordinary, history.Of(IPAddress.Parse("2001:db8:1:3::1")));
    }

    [Fact]
    public void Flood_of_new_clients_displaces_no_known_one()
    {
        var history = new ClientHistory(_time);
        history.NoteWanted(_client, () => true);
        for (var i = 0; i < 200_000; i++)
        {
            history.NoteUnwanted(new IPAddress(0x0A000000L + i));
        }

        Assert.Equal(MailClass.Known, history.Of(_client));
    }

    [Fact]
    public void Table_is_bounded_and_keeps_what_is_asked_for() => Gen.Int[0, 40].Array[0, 400].Sample(keys =>
    {
        var table = new Generations<int, object>(8, TimeSpan.FromHours(1), _time);
        var isBounded = true;
        foreach (var key in keys)
        {
            if (!table.TryGet(key, out _))
            {
                table.Add(key, key);
            }

            isBounded &= table.Count <= 16 && table.TryGet(key, out var value) && (int)value == key;
        }

        return isBounded;
    });

    [Fact]
    public void Room_runs_out_for_suspects_first_and_for_known_ones_last()
    {
        using var folder = new TempFolder();
        var options = new BackstopOptions { Data = Directory.CreateDirectory(folder["data"]).FullName };
        Directory.CreateDirectory(DataPaths.Spool(options));
        options.Spool.MaxWaiting = 1000;
        options.Spool.MinFree = default;
        var waiting = 0;
        using var room = new SpoolRoom(options, _time);
        var lanes = new ClassShares(options, new(_time), room, () => 0, () => waiting);
        Assert.Equal("1111", Rooms(0));
        Assert.Equal("1110", Rooms(250));
        Assert.Equal("1100", Rooms(500));
        Assert.Equal("1000", Rooms(900));
        Assert.Equal("0000", Rooms(1000));

        options.Spool.MinFree = new(room.Free / 10 * 4);
        using var tight = new SpoolRoom(options, _time);
        lanes = new(options, new(_time), tight, () => 0, () => waiting);
        Assert.Equal("1110", Rooms(0));

        string Rooms(int count)
        {
            waiting = count;
            return string.Concat(Enum.GetValues<MailClass>().Select(c => lanes.HasRoom(c) ? '1' : '0'));
        }
    }

    /// <summary>A timer looks: what it throws would end the process.</summary>
    [Fact]
    public void Room_that_may_not_be_looked_at_is_enough()
    {
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        OtherUser.Run(() =>
        {
            using var room = new SpoolRoom(new BackstopOptions { Data = folder["data"] }, _time);
            Assert.False(room.IsShort);
        });
    }

    [Fact]
    public async Task Connections_run_out_for_bounces_then_for_strangers_and_not_for_whom_one_writes_to()
    {
        await using var server = await StartAsync();
        await KnownAsync(server, "198.51.100.1");
        await server.HasSessionsAsync(0);
        using var open = new Dialogs();
        for (var i = 1; i <= 5; i++)
        {
            open.Add(await OpenAsync(server, $"203.0.113.{i}"));
        }

        using (var sixth = await OpenAsync(server, "203.0.113.6"))
        {
            await sixth.PlayAsync(
                "C: MAIL FROM:<a@b.example>\nS: 250\nC: RSET\nS: 250\nC: MAIL FROM:<>\nS: 421 4.7.0 Too many connections\nE:");
        }

        await server.HasSessionsAsync(5);
        for (var i = 6; i <= 9; i++)
        {
            open.Add(await OpenAsync(server, $"203.0.113.{i}"));
        }

        await Dialog.RunAsync(server.Smtp, $"R: {Header("203.0.113.20")}\nS: 421 4.7.0 Too many connections\nE:");
        await server.HasSessionsAsync(9);
        using var known = await OpenAsync(server, "198.51.100.1");
        await known.PlayAsync("C: MAIL FROM:<ann@home.example>\nS: 250");
        await Dialog.RunAsync(server.Smtp, "S: 421 4.7.0 Too many connections\nE:");
    }

    [Fact]
    public async Task Suspects_are_turned_away_first()
    {
        await using var server = await StartAsync();
        using (var guesser = await OpenAsync(server, "203.0.113.66"))
        {
            await guesser.PlayAsync(
                "C: MAIL FROM:<a@b.example>\nS: 250\n" + string.Concat(
                    Enumerable.Range(0, 20).Select(i => $"C: RCPT TO:<guess{i}@example.org>\nS: 550 5.1.1\n")));
        }

        await server.HasSessionsAsync(0);
        using var first = await OpenAsync(server, "203.0.113.1");
        using var second = await OpenAsync(server, "203.0.113.2");
        await Dialog.RunAsync(server.Smtp, $"R: {Header("203.0.113.66")}\nS: 421 4.7.0 Too many connections\nE:");
        using var third = await OpenAsync(server, "203.0.113.3");
    }

    [Fact]
    public async Task Silent_clients_are_ended_soon_while_connections_run_short()
    {
        await using var server = await StartAsync();
        using var open = new Dialogs();
        for (var i = 1; i <= 6; i++)
        {
            open.Add(await OpenAsync(server, $"203.0.113.{i}"));
        }

        // The server may still be about to set the last one's deadline: time goes on until it has, far below the usual limit of
        // five minutes.
        var ended = open[5].PlayAsync("S: 421 4.4.2\nE:");
        for (var i = 0; i < 200 && !ended.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ended, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        await ended;
        await open[0].PlayAsync("C: NOOP\nS: 250");
    }

    private static void Bring(ClientHistory history, IPAddress client, int wanted, int unwanted)
    {
        for (var i = 0; i < wanted; i++)
        {
            history.NoteWanted(client, () => false);
        }

        for (var i = 0; i < unwanted; i++)
        {
            history.NoteUnwanted(client);
        }
    }

    private static string Header(string client) =>
        string.Create(CultureInfo.InvariantCulture, $@"PROXY TCP4 {client} 192.0.2.1 4711 25\r\n");

    private static async Task<Dialog> OpenAsync(TestServer server, string client)
    {
        var dialog = new Dialog(server.Smtp);
        await dialog.PlayAsync($"R: {Header(client)}\nS: 220\nC: HELO far.example\nS: 250");
        return dialog;
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(
        o =>
        {
            o.Smtp.MaxConnections = 10;
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
        },
        _time);

    private async Task KnownAsync(TestServer server, string client)
    {
        using (var journal = new SentJournal(DataPaths.Journal(server.Options), _time, TimeSpan.FromDays(14)))
        {
            journal.Add([new(new("me", "example.org"), "lunch@example.org", [new("ann", "home.example")], _time.GetUtcNow())]);
        }

        using var dialog = await OpenAsync(server, client);
        await dialog.PlayAsync(
            "C: MAIL FROM:<ann@home.example>\nS: 250\nC: RCPT TO:<me@example.org>\nS: 250\nC: DATA\nS: 354\nC: From: "
                + "ann@home.example\nC: Subject: lunch\nC:\nC: yes\nC: .\nS: 250");
    }

    // They end before the server does, whatever a test found: it waits for them, on a clock that stands still.
    private sealed class Dialogs : List<Dialog>, IDisposable
    {
        public void Dispose() => ForEach(d => d.Dispose());
    }
}
