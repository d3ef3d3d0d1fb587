using System.Globalization;
using Backstop.Backscatter.Storms;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Judging.Storms;
using Backstop.State;
using Microsoft.Extensions.Time.Testing;
using static Backstop.Tests.Server.ServerMail;

namespace Backstop.Tests.Server;

/// <summary>Storms in the real server, over sockets, in simulated time.</summary>
public sealed class StormServerTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 6, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Bounces_to_an_address_of_which_nothing_is_known_are_put_off_at_rcpt()
    {
        await using var server = await TestServer.StartAsync(o => o.Storm.Sources = 1, _time);
        Assert.All(await BouncesAsync(server, 10), r => Assert.StartsWith("250", r, StringComparison.Ordinal));
        Assert.Equal(
            "451 4.7.1 Many bounces to this address just now, try again later (storm:deferred)",
            Assert.Single(await BouncesAsync(server, 1)));

        // Nobody else is concerned, nor is anybody's mail.
        Assert.StartsWith("250", await SendAsync(server, "<>", "you@example.org", BounceOf("x@y.example")), StringComparison.Ordinal);
        Assert.StartsWith(
            "250",
            await SendAsync(server, "<ann@home.example>", "me@example.org", "From: ann@home.example\nSubject: lunch?\n\nhello\n"),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "postmaster@example.org", BounceOf("x@y.example")), StringComparison.Ordinal);
        var storm = Assert.Single(new StormStore(DataPaths.Storms(server.Options)).Read());
        Assert.Equal(("bounce-flood", "me@example.org", 10L), (storm.Kind, storm.Victim, storm.Of(StormAction.Filed)));
        Assert.Equal(("failure notice", "hello"), (storm.Example!.Subject, storm.Example.ReturnedSubject));
    }

    /// <summary>Anybody can raise a storm, so it is no evidence: what would have been filed without it is filed at its next try.</summary>
    [Fact]
    public async Task Second_try_is_judged_by_its_content()
    {
        await using var server = await TestServer.StartAsync(o => o.Storm.Sources = 1, _time);
        Assert.StartsWith("451", (await BouncesAsync(server, 11))[^1], StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.StartsWith("250", Assert.Single(await BouncesAsync(server, 1)), StringComparison.Ordinal);
        Assert.Equal(11, (await server.MessagesAsync("Backscatter")).Length);

        // The one that returns what was sent comes home.
        Journal(
            server, j => j.Add([new(new("me", "example.org"), "genuine@example.org", [new("far", "away.example")], _time.GetUtcNow())]));
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", BounceOf("genuine@example.org")), StringComparison.Ordinal);
        Assert.Contains("genuine@example.org", Assert.Single(await server.MessagesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_whose_mail_is_known_a_little_is_judged_by_content_at_once()
    {
        await using var server = await TestServer.StartAsync(o => o.Storm.Sources = 1, _time);
        Journal(
            server, j => j.Add([new(new("me", "example.org"), "genuine@example.org", [new("far", "away.example")], _time.GetUtcNow())]));
        await BouncesAsync(server, 10);
        Assert.StartsWith(
            "250", await SendAsync(server, "<>", "me@example.org", BounceOf("genuine@example.org")), StringComparison.Ordinal);
        Assert.StartsWith("250", Assert.Single(await BouncesAsync(server, 1)), StringComparison.Ordinal);
        Assert.Single(await server.MessagesAsync());
        Assert.Equal(11, (await server.MessagesAsync("Backscatter")).Length);
    }

    [Fact]
    public async Task Unproved_file_stays_file()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                o.Storm.Sources = 1;
                o.Backscatter.Unproved = UnprovedPolicy.File;
            },
            _time);
        Assert.All(await BouncesAsync(server, 30), r => Assert.StartsWith("250", r, StringComparison.Ordinal));
        Assert.Equal(30, (await server.MessagesAsync("Backscatter")).Length);
    }

    [Fact]
    public async Task It_is_over_by_itself()
    {
        await using var server = await TestServer.StartAsync(o => o.Storm.Sources = 1, _time);
        await BouncesAsync(server, 15);
        var store = new StormStore(DataPaths.Storms(server.Options));
        Assert.Null(Assert.Single(store.Read()).Ended);
        for (var minute = 0; store.Read()[0].Ended is null; minute++)
        {
            Assert.True(minute < 1000, "not over after 1000 minutes");
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.StartsWith("250", Assert.Single(await BouncesAsync(server, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_outlasts_a_restart()
    {
        await using var server = await TestServer.StartAsync(o => o.Storm.Sources = 1);
        await BouncesAsync(server, 11);
        await server.RestartAsync();
        Assert.StartsWith("451", Assert.Single(await BouncesAsync(server, 1)), StringComparison.Ordinal);
        Assert.Equal(12, Assert.Single(new StormStore(DataPaths.Storms(server.Options)).Read()).Count + 1);
    }

    /// <summary>A session writes a storm that begins, and the clock those that go on: neither is a fault to the other.</summary>
    [Fact]
    public void Record_may_be_written_by_several_at_once()
    {
        using var folder = new TempFolder();
        var faults = 0;
        var health = new StoreHealth("storms", folder["storms"], _time)
        {
            Changed = s => Interlocked.Add(ref faults, s.Fault is null ? 0 : 1),
        };
        var store = new StormStore(folder["storms"], health);
        var record = new StormRecord(
            "20261125T060000-mail-bomb", "mail-bomb", "me@example.org", _time.GetUtcNow(), null, _time.GetUtcNow(), 1, 1,
            new Dictionary<string, long>(), new Dictionary<string, long>(), new Dictionary<string, long>(), [],
            new Dictionary<long, long>(), null);
        Parallel.For(0, 300, _ => store.Write(record));
        Assert.Equal(0, faults);
        Assert.Single(store.Read());
    }

    [Fact]
    public void What_a_person_sets_by_hand_holds_until_its_time()
    {
        using var folder = new TempFolder();
        var hands = new Overrides(folder["overrides.json"], _time);
        hands.SetStrict(new("me@example.org", _time.GetUtcNow().AddHours(1), "ann"));
        hands.SetBlocked(new("192.0.2.77/24", _time.GetUtcNow().AddHours(2), "ann"));
        Assert.Throws<FormatException>(() => hands.SetBlocked(new("nonsense", _time.GetUtcNow().AddHours(2), "ann")));
        Assert.True(hands.IsStrict("me@example.org"));
        Assert.True(hands.IsBlocked(System.Net.IPAddress.Parse("192.0.2.9")));
        Assert.False(hands.IsBlocked(System.Net.IPAddress.Parse("192.0.3.9")));
        _time.Advance(TimeSpan.FromMinutes(90));
        Assert.False(hands.IsStrict("me@example.org"));
        Assert.True(hands.IsBlocked(System.Net.IPAddress.Parse("192.0.2.9")));
        hands.SetBlocked(new("192.0.2.0/24", DateTimeOffset.MinValue, "ann"));
        Assert.False(hands.IsBlocked(System.Net.IPAddress.Parse("192.0.2.9")));
    }

    /// <summary>
    /// A newsletter of one's own: genuine returns in bulk, and the answers of machines that nobody told which mail they answer.
    /// </summary>
    [Fact]
    public async Task Own_newsletter_is_no_storm()
    {
        await using var server = await TestServer.StartAsync(time: _time);
        Journal(server, j => j.Add(Enumerable.Range(0, 600).Select(i => new Backstop.State.SentMessage(
            new("me", "example.org"), $"news{i}@example.org", [
                new("reader", string.Create(CultureInfo.InvariantCulture, $"site{i}.example"))], _time.GetUtcNow()))));
        for (var i = 0; i < 600; i++)
        {
            var message = i % 3 == 0
                ? string.Create(
                CultureInfo.InvariantCulture,
                $"From: reader@site{i}.example\nTo: me@example.org\nSubject: Out of office: News\nAuto-Submitted: auto-replied\n\nI am "
                    + $"away.\n")
                : BounceOf(string.Create(CultureInfo.InvariantCulture, $"news{i}@example.org"));
            Assert.StartsWith("250", await SendAsync(server, "<>", "me@example.org", message), StringComparison.Ordinal);
            _time.Advance(TimeSpan.FromMilliseconds(300));
        }

        Assert.Equal(600, (await server.MessagesAsync()).Length);
        Assert.Empty(new StormStore(DataPaths.Storms(server.Options)).Read());
    }

    /// <summary>A busy list that one reads: from everywhere, with all the fields of mass mail.</summary>
    [Fact]
    public async Task Busy_mailing_list_is_no_bomb()
    {
        await using var server = await TestServer.StartAsync(time: _time);
        for (var i = 0; i < 300; i++)
        {
            await SendAsync(server, "<dev-bounces@lists.example>", "me@example.org", string.Create(
                CultureInfo.InvariantCulture, $"From: dev{i}@home{i}.example\nList-Id: Development "
                    + $"<dev.lists.example>\nList-Unsubscribe: <https://lists.example>\nPrecedence: list\nSubject: patch "
                    + $"{i}\n\nhttps://lists.example\n"));
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(300, (await server.MessagesAsync()).Length);
        Assert.Empty(new StormStore(DataPaths.Storms(server.Options)).Read());
    }

    /// <summary>5,000 list confirmations of 2,000 sites in ten minutes, around 50 wanted mails.</summary>
    [Fact]
    [Trait("run", "full")]
    public async Task Mail_bomb_goes_to_flood_and_wanted_mail_to_the_inbox()
    {
        await using var server = await TestServer.StartAsync(time: _time);
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var wanted = await WantedAsync(server);
        for (var i = 0; i < 5000; i++)
        {
            var (from, message) = BombMail.Make(random, 2000, "me@example.org");
            Assert.StartsWith("250", await SendAsync(server, $"<{from}>", "me@example.org", message), StringComparison.Ordinal);
            if (i % 100 == 50)
            {
                Assert.StartsWith(
                    "250", await SendAsync(server, "<x@y.example>", "me@example.org", wanted[i / 100]), StringComparison.Ordinal);
            }

            _time.Advance(TimeSpan.FromMilliseconds(120));
        }

        var inbox = await server.MessagesAsync();
        var flood = await server.MessagesAsync("Flood");
        var caught = flood.Count(m => !m.Contains("X-Wanted:", StringComparison.Ordinal));
        Assert.True(caught >= 4850, $"{caught} of 5000 in Flood, seed {seed}");
        var inInbox = inbox.Select(Wanted).OfType<string>().CountBy(w => w).ToDictionary();
        Assert.Equal((10, 25, 5, 3), (inInbox["reply"], inInbox["known"], inInbox["shop"], inInbox["code"]));
        Assert.True(inInbox.GetValueOrDefault("first") + flood.Count(m => Wanted(m) == "first") == 7, "a first contact is missing");
        Assert.Equal(7, inInbox["first"]);
    }

    // Ten answers to sent mail, twenty-five of people who were written to or wrote before, five of a shop one buys at, three codes,
    // seven persons nobody knows.
    private async Task<List<string>> WantedAsync(TestServer server)
    {
        var now = _time.GetUtcNow();
        Journal(server, j => j.Add(Enumerable.Range(0, 10).Select(i => new Backstop.State.SentMessage(
            new("me", "example.org"), $"sent{i}@example.org", [
                new(string.Create(CultureInfo.InvariantCulture, $"friend{i}"), "friends.example")], now))));
        var people = Enumerable.Range(0, 15).Select(i => $"old{i}@people.example");
        foreach (var from in people.Append("news@shop.example").Append("alerts@bank.example"))
        {
            await SendAsync(server, $"<{from}>", "me@example.org", $"From: {from}\nSubject: earlier\n\nhello\n");
        }

        _time.Advance(TimeSpan.FromDays(3));
        return
        [
            .. Make(
                10, "reply",
                i => $"From: a{i}@unknown{i}.example\nIn-Reply-To: <sent{i}@example.org>\nSubject: Re: your registration\n\nThank you, "
                    + $"see https://unknown.example\n"),
            .. Make(
                10, "known",
                i => $"From: friend{i}@friends.example\nSubject: Please confirm your newsletter subscription\n\nclick here "
                    + $"https://friends.example unsubscribe\n"),
            .. Make(15, "known", i => $"From: old{i}@people.example\nSubject: hello again\n\nhello\n"),
            .. Make(
                5, "shop",
                i => $"From: news@shop.example\nList-Unsubscribe: <https://shop.example>\nSubject: offer {i}\n\nhttps://shop.example\n"),
            .. Make(
                2, "code",
                i => $"From: alerts@bank.example\nSubject: Your one-time code\n\nYour code is 48{i}913. https://bank.example\n"),
            .. Make(
                1, "code",
                i => $"From: noreply@newbank.example\nSubject: Your verification code\n\nYour code is 482913. https://newbank.example\n"),
            .. Make(
                7, "first",
                i => $"From: Ann Other <ann{i}@stranger{i}.example>\nSubject: A question about your talk\nUser-Agent: Mozilla "
                    + $"Thunderbird\n\nI read https://example.org/talk and wondered.\n"),
        ];

        static IEnumerable<string> Make(int count, string kind, Func<int, string> message) =>
            Enumerable.Range(0, count).Select(i => $"X-Wanted: {kind}\n" + message(i));
    }

    private static string? Wanted(string message)
    {
        var at = message.IndexOf("X-Wanted: ", StringComparison.Ordinal);
        return at < 0 ? null : message[(at + 10)..].Split('\n')[0].Trim();
    }

    private static async Task<List<string>> BouncesAsync(TestServer server, int count)
    {
        var replies = new List<string>();
        for (var i = 0; i < count; i++)
        {
            replies.Add(await SendAsync(
                server, "<>", "me@example.org", BounceOf(string.Create(CultureInfo.InvariantCulture, $"{i}@forged.example"))));
        }

        return replies;
    }
}
