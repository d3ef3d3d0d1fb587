using System.Text.Json;
using Backstop.Backscatter;
using Backstop.Server;
using Backstop.Server.Options;
using Backstop.Server.Storms;
using Backstop.State;
using Backstop.Tests.State;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>
/// Every store of the data folder, damaged in every way, at the start and while the server runs: mail flows, what is proved still is, nothing is
/// refused that would not be, and log, status and health name the right file.
/// </summary>
public sealed class DamagedStoreTests : IDisposable
{
    private const string Known = "known@example.org";
    private const string Unfinished = "20261124T060000-bounce-flood";

    private static readonly string[] _stores = ["journal", "correspondents", "bayes", "storms"];
    private static readonly string[] _damages = ["garbage page", "bad header", "truncated", "empty", "directory", "read-only", "locked", "disk full"];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly TempFolder _folder = new();
    private readonly LogLines _log = new();
    private SqliteConnection? _holder;

    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, bool>();
            foreach (var store in _stores)
            {
                foreach (var damage in _damages)
                {
                    cases.Add(store, damage, true);
                    cases.Add(store, damage, false);
                }
            }

            return cases;
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _holder?.Dispose();
        _log.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Mail_goes_on_and_the_right_file_is_named(string store, string damage, bool atStart)
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                Configure(o, store);
                Seed(o);
                if (atStart)
                {
                    Damage(PathOf(o, store), damage);
                }
            },
            _time,
            l => l.AddProvider(_log));
        if (!atStart)
        {
            Damage(PathOf(server.Options, store), damage);
        }

        await CheckAsync(server, store, damage);

        // Who gathers in memory writes once a minute, storms every ten seconds: a store that cannot be written is found out by then.
        for (var i = 0; i < 7; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        await CheckAsync(server, store, damage);
        Assert.InRange(_log.All.Count(l => l.Contains(PathOf(server.Options, store), StringComparison.Ordinal)), 0, 2);

        if (atStart)
        {
            return;
        }

        // What nobody met while it ran is met at the next start.
        _holder?.Dispose();
        _holder = null;
        await server.RestartAsync();
        await CheckAsync(server, store, damage);
    }

    [Fact]
    public async Task Locked_store_is_used_when_it_is_free_again()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                Configure(o, "journal");
                Seed(o);
                Damage(PathOf(o, "journal"), "locked");
            },
            _time);
        Assert.Equal("locked", await StateAsync(server, "journal"));
        Assert.StartsWith("250", await BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
        Assert.Contains("journal:failed", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
        _holder!.Dispose();
        _time.Advance(TimeSpan.FromSeconds(11));
        await ServerMail.StatusAsync(server, "\"name\": \"journal\"");
        for (var tries = 0; await StateAsync(server, "journal") != "ok"; tries++)
        {
            Assert.True(tries < 500, "never used again");
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, Ct);
        }

        Assert.StartsWith("550", await BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
    }

    /// <summary>Nothing is refused for want of what was lost; the day after it would count no more, all is as before.</summary>
    [Fact]
    public async Task Lost_journal_files_until_what_was_in_it_would_not_count_any_more()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                Configure(o, "journal");
                Seed(o);
                Damage(PathOf(o, "journal"), "bad header");
            },
            _time);
        Assert.StartsWith("250", await BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
        Assert.Contains("journal:lost", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
        _time.Advance(server.Options.Backscatter.ProofWindow + TimeSpan.FromHours(1));
        Assert.StartsWith("550", await BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storm_refuses_nothing_for_want_of_a_lost_journal()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                Configure(o, "journal");
                o.Backscatter.Unproved = UnprovedPolicy.Auto;
                o.Storm.Sources = 1;
                Seed(o);
                Damage(PathOf(o, "journal"), "truncated");
            },
            _time);
        for (var i = 0; i < 30; i++)
        {
            Assert.StartsWith("250", await BounceAsync(server, $"{i}@forged.example"), StringComparison.Ordinal);
        }
    }

    /// <summary>An alert, for who has asked for alerts; at the start as well.</summary>
    [Fact]
    public async Task Damage_is_alerted()
    {
        var program = _folder["alert"];
        await File.WriteAllTextAsync(program, $"#!/bin/sh\ncat > {_folder["said"]}.new\nmv {_folder["said"]}.new {_folder["said"]}.$1\n", Ct);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var server = await TestServer.StartAsync(o =>
        {
            Configure(o, "correspondents");
            o.Alert.Command = program;
            Seed(o);
            Damage(PathOf(o, "correspondents"), "bad header");
        });
        for (var tries = 0; !File.Exists(_folder["said"] + ".store"); tries++)
        {
            Assert.True(tries < 500, "not told after ten seconds");
            await Task.Delay(20, Ct);
        }

        Assert.Contains(PathOf(server.Options, "correspondents"), await File.ReadAllTextAsync(_folder["said"] + ".store", Ct), StringComparison.Ordinal);
    }

    /// <summary>What persons have set, and the certificate that is made once, are stores like the others.</summary>
    [Theory]
    [InlineData("overrides.json", "{\"strict\": null, \"blocked\": [null]}", "overrides")]
    [InlineData("overrides.json", "nonsense", "overrides")]
    [InlineData("tls/self-signed.pem", "nonsense", "certificate")]
    [InlineData("tls/self-signed.pem", "", "certificate")]
    [InlineData("storms/" + Unfinished + ".json", "{}", "storms")]
    [InlineData("storms/" + Unfinished + ".json", "null", "storms")]
    public async Task Damaged_file_is_set_aside(string file, string content, string store)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Tls.Enabled = true;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(o.Data, file))!);
            File.WriteAllText(Path.Combine(o.Data, file), content);
        });
        Assert.Equal("lost", await StateAsync(server, store));
        Assert.StartsWith("250", await ServerMail.SendAsync(server, "<a@b.example>", "me@example.org", "Subject: hello\n\nhello\n"), StringComparison.Ordinal);
        var aside = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(Path.Combine(server.Options.Data, file))!, "*.damaged-*"));
        Assert.Equal(content, await File.ReadAllTextAsync(aside, Ct));
    }

    private static void Configure(BackstopOptions options, string store)
    {
        options.Backscatter.Unproved = UnprovedPolicy.Refuse;
        options.Storm.Enabled = store == "storms" || options.Storm.Enabled;
        if (store == "bayes")
        {
            Directory.CreateDirectory(options.Data);
            var rules = Path.Combine(options.Data, "rules.cf");
            File.WriteAllText(rules, "header BAD_SUBJECT Subject =~ /buy now/i\nscore BAD_SUBJECT 6\n");
            (options.Spam.Enabled, options.Spam.Rules, options.Spam.Bayes) = (true, [rules], true);
        }
    }

    private void Seed(BackstopOptions options)
    {
        using (var journal = new SentJournal(PathOf(options, "journal"), _time, TimeSpan.FromDays(14)))
        {
            var sent = Enumerable.Range(0, 400).Select(i => new SentMessage(new("me", "example.org"), $"{i}@example.org", [new("someone", $"site{i}.example")], _time.GetUtcNow().AddDays(-2)));
            journal.Add([.. sent, new(new("me", "example.org"), Known, [new("pat", "elsewhere.example")], _time.GetUtcNow().AddDays(-1))]);
        }

        using (var correspondents = new Correspondents(PathOf(options, "correspondents"), _time))
        {
            for (var i = 0; i < 400; i++)
            {
                correspondents.Note("me@example.org", $"friend{i}@friends.example");
            }

            correspondents.Write();
        }

        using (var bayes = new BayesDatabase(PathOf(options, "bayes"), _time))
        {
            bayes.Learn("m1", true, [.. Enumerable.Range(0, 2000).Select(i => (long)i * 7919)]);
        }

        foreach (var store in _stores)
        {
            StorePools.Clear(PathOf(options, store));
        }

        new StormStore(PathOf(options, "storms")).Write(new(
            Unfinished, "bounce-flood", "you@example.org", _time.GetUtcNow().AddHours(-2), null, _time.GetUtcNow().AddMinutes(-1), 40, 5, new Dictionary<string, long>(), new Dictionary<string, long>(),
            new Dictionary<string, long>(), [], new Dictionary<long, long>(), null));
    }

    private static string PathOf(BackstopOptions options, string store) => store switch
    {
        "journal" => DataPaths.Journal(options),
        "correspondents" => DataPaths.Correspondents(options),
        "bayes" => DataPaths.Bayes(options),
        _ => DataPaths.Storms(options),
    };

    private void Damage(string path, string damage)
    {
        // What is open but unused would hide the damage.
        StorePools.Clear(path);
        if (Directory.Exists(path))
        {
            DamageFolder(path, damage);
            return;
        }

        var octets = File.ReadAllBytes(path);
        var random = new Random(1);
        switch (damage)
        {
            case "garbage page":
                random.NextBytes(octets.AsSpan(4096));
                File.WriteAllBytes(path, octets);
                break;
            case "bad header":
                random.NextBytes(octets.AsSpan(0, 100));
                File.WriteAllBytes(path, octets);
                break;
            case "truncated":
                File.WriteAllBytes(path, octets[..(octets.Length / 2 + 7)]);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "directory":
                BecomeFolder(path);
                break;
            case "read-only":
                // SQLite's file format, offset 18: a version that may be read but not written. Modes do not bind root.
                octets[18] = 3;
                File.WriteAllBytes(path, octets);
                break;
            case "disk full":
                // SQLite needs a side file before it reads: on a full disk it cannot make one.
                File.Delete(path + "-shm");
                Directory.CreateDirectory(path + "-shm");
                break;
            default:
                _holder = new($"Data Source={path};Pooling=False");
                _holder.Open();
                using (var command = _holder.CreateCommand())
                {
                    command.CommandText = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
                    command.ExecuteNonQuery();
                }

                break;
        }
    }

    // A server that runs may make the file anew between the two.
    private static void BecomeFolder(string path)
    {
        for (var tries = 0; !Directory.Exists(path); tries++)
        {
            try
            {
                File.Delete(path);
                Directory.CreateDirectory(path);
            }
            catch (IOException) when (tries < 100)
            {
                // Again.
            }
        }
    }

    private static void DamageFolder(string path, string damage)
    {
        var file = Path.Combine(path, Unfinished + ".json");
        var text = File.ReadAllText(file);
        switch (damage)
        {
            case "garbage page":
                File.WriteAllText(file, "\0\u0001" + text[2..]);
                break;
            case "bad header":
                File.WriteAllText(file, "{\"id\": 1}");
                break;
            case "truncated":
                File.WriteAllText(file, text[..(text.Length / 2)]);
                break;
            case "empty":
                File.WriteAllText(file, "");
                break;
            case "disk full":
                File.CreateSymbolicLink(file + ".new", "/dev/full");
                break;
            case "locked":
            case "read-only":
                // Its next record cannot be written there.
                Directory.CreateDirectory(file + ".new");
                break;
            default:
                BecomeFile(path);
                break;
        }
    }

    private static void BecomeFile(string path)
    {
        for (var tries = 0; !File.Exists(path); tries++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
                File.WriteAllText(path, "");
            }
            catch (Exception error) when (tries < 100 && error is IOException or UnauthorizedAccessException)
            {
                // As above.
            }
        }
    }

    private static async Task CheckAsync(TestServer server, string store, string damage)
    {
        var before = (await server.MessagesAsync()).Length;
        var filed = (await server.MessagesAsync("Backscatter")).Length;
        Assert.StartsWith("250", await ServerMail.SendAsync(server, "<kim@b.example>", "me@example.org", "From: kim@b.example\nSubject: hello\n\nhello\n"), StringComparison.Ordinal);
        Assert.StartsWith("250", await BounceAsync(server, Known), StringComparison.Ordinal);
        var unknown = await BounceAsync(server, "unknown@forged.example");
        var isJournalGone = store == "journal" && await StateAsync(server, "journal") is not ("ok" or "read-only");
        Assert.StartsWith(isJournalGone ? "250" : "550", unknown, StringComparison.Ordinal);
        var (inbox, aside) = ((await server.MessagesAsync()).Length - before, (await server.MessagesAsync("Backscatter")).Length - filed);
        Assert.Equal(isJournalGone ? 3 : 2, inbox + aside);
        Assert.True(isJournalGone ? inbox >= 1 : inbox == 2, $"{damage}: {inbox} in INBOX");
        await AssertNamedAsync(server, store);
    }

    private static async Task AssertNamedAsync(TestServer server, string store)
    {
        using var http = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        using var status = JsonDocument.Parse(await http.GetStringAsync("/status", Ct));
        var health = await http.GetStringAsync("/healthz", Ct);
        Assert.StartsWith("ok\n", health, StringComparison.Ordinal);
        foreach (var shown in status.RootElement.GetProperty("stores").EnumerateArray().Where(s => s.GetProperty("state").GetString() != "ok"))
        {
            Assert.Equal(store, shown.GetProperty("name").GetString());
            Assert.StartsWith(PathOf(server.Options, store), shown.GetProperty("path").GetString(), StringComparison.Ordinal);
            Assert.Contains(PathOf(server.Options, store), health, StringComparison.Ordinal);
            if (shown.GetProperty("setAside").GetString() is { } aside)
            {
                Assert.True(Path.Exists(aside), $"{aside} is not there");
            }
        }
    }

    private static async Task<string?> StateAsync(TestServer server, string store)
    {
        using var http = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        using var status = JsonDocument.Parse(await http.GetStringAsync("/status", Ct));
        return status.RootElement.GetProperty("stores").EnumerateArray().Single(s => s.GetProperty("name").GetString() == store).GetProperty("state").GetString();
    }

    private static Task<string> BounceAsync(TestServer server, string id) => ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf(id));
}
