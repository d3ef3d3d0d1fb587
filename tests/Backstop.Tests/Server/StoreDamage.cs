using System.Text.Json;
using Backstop.Backscatter.Verdicts;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging.Storms;
using Backstop.State;
using Backstop.Tests.State;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A server whose stores were in use, and the ways in which one of them is damaged.</summary>
internal sealed class StoreDamage : IDisposable
{
    public const string Known = "known@example.org";
    public const string Unfinished = "20261124T060000-bounce-flood";

    private static readonly string[] _stores = ["journal", "correspondents", "bayes", "storms"];

    private SqliteConnection? _holder;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));

    public LogLines Log { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Release();
        Log.Dispose();
    }

    /// <summary>Lets go of what is locked.</summary>
    public void Release()
    {
        _holder?.Dispose();
        _holder = null;
    }

    public static void Configure(BackstopOptions options, string store)
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

    public void Seed(BackstopOptions options)
    {
        using (var journal = new SentJournal(PathOf(options, "journal"), Time, TimeSpan.FromDays(14)))
        {
            var sent = Enumerable.Range(0, 400)
                .Select(i =>
                new SentMessage(
                    new("me", "example.org"), $"{i}@example.org", [new("someone", $"site{i}.example")], Time.GetUtcNow().AddDays(-2)));
            journal.Add([.. sent, new(new("me", "example.org"), Known, [new("pat", "elsewhere.example")], Time.GetUtcNow().AddDays(-1))]);
        }

        using (var correspondents = new Correspondents(PathOf(options, "correspondents"), Time))
        {
            for (var i = 0; i < 400; i++)
            {
                correspondents.Note("me@example.org", $"friend{i}@friends.example");
            }

            correspondents.Write();
        }

        using (var bayes = new BayesDatabase(PathOf(options, "bayes"), Time))
        {
            bayes.Learn("m1", true, [.. Enumerable.Range(0, 2000).Select(i => (long)i * 7919)]);
        }

        foreach (var store in _stores)
        {
            StorePools.Clear(PathOf(options, store));
        }

        new StormStore(PathOf(options, "storms")).Write(new(
            Unfinished, "bounce-flood", "you@example.org", Time.GetUtcNow().AddHours(-2), null, Time.GetUtcNow()
                .AddMinutes(-1), 40, 5, new Dictionary<string, long>(), new Dictionary<string, long>(),
            new Dictionary<string, long>(), [], new Dictionary<long, long>(), null));
    }

    public static string PathOf(BackstopOptions options, string store) => store switch
    {
        "journal" => DataPaths.Journal(options),
        "correspondents" => DataPaths.Correspondents(options),
        "bayes" => DataPaths.Bayes(options),
        _ => DataPaths.Storms(options),
    };

    public void Damage(string path, string damage)
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
                _holder = new($"Data Source={path};Pooling=False;Default Timeout=2");
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

    public static async Task CheckAsync(TestServer server, string store, string damage)
    {
        var before = (await server.MessagesAsync()).Length;
        var filed = (await server.MessagesAsync("Backscatter")).Length;
        Assert.StartsWith(
            "250",
            await ServerMail.SendAsync(server, "<kim@b.example>", "me@example.org", "From: kim@b.example\nSubject: hello\n\nhello\n"),
            StringComparison.Ordinal);
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
        foreach (
            var shown in status.RootElement.GetProperty("stores").EnumerateArray().Where(s => s.GetProperty("state").GetString() != "ok"))
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

    public static async Task<string?> StateAsync(TestServer server, string store)
    {
        using var http = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        using var status = JsonDocument.Parse(await http.GetStringAsync("/status", Ct));
        return status.RootElement.GetProperty("stores").EnumerateArray().Single(s => s.GetProperty("name").GetString() == store)
            .GetProperty("state").GetString();
    }

    public static Task<string> BounceAsync(TestServer server, string id) =>
        ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf(id));
}
