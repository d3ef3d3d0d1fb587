using System.Net;
using Backstop.Configuration.Options;
using Backstop.Judging.Clients;
using Backstop.State;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>The first mail of strangers comes later, that of everybody else at once, and a list that is damaged delays nobody.</summary>
public sealed class GreylistTests : IDisposable
{
    private const string Waits = "451 4.7.1 Not known here yet, try again in some minutes (greylist:wait)";

    private static readonly IPAddress _client = IPAddress.Parse("203.0.113.9");
    private static readonly IPAddress _neighbour = IPAddress.Parse("203.0.7.1");
    private static readonly IPAddress _elsewhere = IPAddress.Parse("198.51.100.1");

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly GreylistOptions _options = new() { Enabled = true };

    private string Path => _folder["greylist.db"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Next_try_from_any_host_of_the_network_is_taken_and_the_domain_waits_there_no_more()
    {
        var list = Open();
        Assert.True(Defers(list, _client));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(Defers(list, _client));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.True(Defers(list, _elsewhere));
        Assert.False(Defers(list, _neighbour));
        Assert.False(Defers(list, _client, person: "you@example.org"));
        Assert.True(Defers(list, _client, domain: "other.example"));
        _time.Advance(_options.PassedFor - TimeSpan.FromHours(1));
        Assert.False(Defers(list, _client));
        _time.Advance(_options.PassedFor - TimeSpan.FromHours(1));
        Assert.False(Defers(list, _client));
        _time.Advance(_options.PassedFor);
        Assert.True(Defers(list, _client));
    }

    [Fact]
    public void Known_senders_never_wait_and_leave_nothing()
    {
        var list = Open();
        Assert.False(list.Defers(_client, "client.example", "me@example.org", () => true));
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_restart_makes_nobody_wait_again()
    {
        var list = Open();
        Defers(list, _client);
        Defers(list, _elsewhere);
        _time.Advance(_options.Wait);
        Assert.False(Defers(list, _client));
        list.Write();
        list = Open();
        Assert.False(Defers(list, _client, person: "you@example.org"));
        Assert.False(Defers(list, _elsewhere));
        Assert.True(Defers(list, _elsewhere, domain: "new.example"));
        _time.Advance(_options.PassedFor + TimeSpan.FromHours(2));
        list.Write();
        Assert.Equal(0, list.Count);
        Assert.Empty(new GreylistTable(Path).Read(isPassed: true, 10));
        Assert.Empty(new GreylistTable(Path).Read(isPassed: false, 10));
    }

    /// <summary>Whose mail comes on that day need not wait when the list is used again.</summary>
    [Fact]
    public void A_lost_list_delays_nobody_for_a_day()
    {
        File.WriteAllText(Path, "this is not a database, but as long as the header of one, and then some more octets of text .........");
        var list = Open();
        Assert.False(Defers(list, _client));
        _time.Advance(TimeSpan.FromHours(25));
        Assert.False(Defers(list, _client));
        Assert.True(Defers(list, _elsewhere));
    }

    [Fact]
    public void A_list_that_cannot_be_used_delays_nobody_until_it_can()
    {
        // The folder is a file.
        File.WriteAllText(_folder["data"], "");
        var list = Open(_folder["data/greylist.db"], _time);
        Assert.False(Defers(list, _client));
        list.Write();
        File.Delete(_folder["data"]);
        for (var tries = 0; !Defers(list, _elsewhere); tries++)
        {
            Assert.True(tries < 100, "never used again");
            _time.Advance(TimeSpan.FromSeconds(10));
            list.Check();
        }
    }

    /// <summary>An attacker has every network and names a domain a mail: memory ends, and others are let in at once.</summary>
    [Fact]
    public void Memory_is_bounded_and_who_finds_no_room_does_not_wait()
    {
        var list = Open();
        for (var i = 0; i < FirstTries.Max + 100; i++)
        {
            Defers(list, new IPAddress([10, (byte)i, 0, 1]), domain: $"d{i}.example");
        }

        Assert.Equal(FirstTries.Max, list.Count);
        Assert.False(Defers(list, _client));
    }

    /// <summary>Whatever the pauses and restarts, a server that tries again after the wait and within the time gets through.</summary>
    [Fact]
    public void Whoever_tries_again_gets_through() => Gen.Select(Gen.Int[180, 100_000].Array[1, 6], Gen.Bool.Array[6]).Sample(
        (pauses, restarts) =>
        {
            using var folder = new TempFolder();
            var time = new FakeTimeProvider(_time.GetUtcNow());
            var list = Open(folder["greylist.db"], time);
            var isFirst = Defers(list, _client);
            for (var i = 0; i < pauses.Length; i++)
            {
                time.Advance(TimeSpan.FromSeconds(pauses[i]));
                if (restarts[i])
                {
                    list.Write();
                    list = Open(folder["greylist.db"], time);
                }

                if (Defers(list, _neighbour))
                {
                    return false;
                }
            }

            return isFirst;
        }, iter: 50);

    [Fact]
    public async Task The_server_has_strangers_wait_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                o.Listen.Policy = [new(IPAddress.Loopback, 0)];
                o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
                o.Greylist.Enabled = true;
            },
            _time);
        ServerMail.Journal(
            server,
            j => j.Add([new(new("me", "example.org"), "1@example.org", [new("friend", "pal.example")], _time.GetUtcNow())]));
        await AskAsync(server, "ann@client.example", "me@example.org", Waits);
        await AskAsync(server, "", "me@example.org", "DUNNO");
        await AskAsync(server, "ann@client.example", "postmaster@example.org", "DUNNO");
        await AskAsync(server, "friend@pal.example", "me@example.org", "DUNNO");
        await SayAsync(server, "127.0.0.1", "bob@client.example", "250");
        await SayAsync(server, "203.0.113.9", "bob@client.example", Waits);
        _time.Advance(TimeSpan.FromMinutes(4));
        await SayAsync(server, "203.0.113.10", "carol@client.example", "250");
        await AskAsync(server, "ann@client.example", "you@example.org", "DUNNO");
    }

    private static Task SayAsync(TestServer server, string client, string sender, string reply) => Dialog.RunAsync(
        server.Smtp,
        $"""
        R: PROXY TCP4 {client} 192.0.2.1 4711 25\r\n
        S: 220
        C: HELO c
        S: 250
        C: MAIL FROM:<{sender}>
        S: 250
        C: RCPT TO:<me@example.org>
        S: {reply}
        """);

    private static Task AskAsync(TestServer server, string sender, string recipient, string action) => Dialog.RunAsync(
        server.EndPoint("policy"),
        $"""
        C: request=smtpd_access_policy
        C: protocol_state=RCPT
        C: client_address=203.0.113.7
        C: sender={sender}
        C: recipient={recipient}
        C: 
        S: action={action}
        S: 
        """,
        "\n");

    private static bool Defers(Greylist list, IPAddress client, string domain = "client.example", string person = "me@example.org") =>
        list.Defers(client, domain, person, () => false);

    private Greylist Open() => Open(Path, _time);

    private Greylist Open(string path, FakeTimeProvider time)
    {
        var health = new StoreHealth("greylist", path, time);
        return new(_options, new(path, health), health, time);
    }
}
