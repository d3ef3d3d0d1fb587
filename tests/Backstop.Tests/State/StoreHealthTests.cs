using Backstop.Mail;
using Backstop.State;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.State;

/// <summary>
/// A store that is damaged is renamed and begun anew, once; whoever has no <see cref="StoreHealth"/> hears which file it is.
/// </summary>
public sealed class StoreHealthTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
    private readonly List<StoreState> _said = [];

    private string Path => _folder["journal.db"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_file_is_renamed_with_what_was_in_it()
    {
        var damaged = Damage();
        using var journal = Open(out var health);
        Assert.False(journal.HasMessageId("a@example.org"));
        var aside = Assert.Single(Directory.GetFiles(_folder.Path, "*.damaged-*"));
        Assert.Equal(_folder["journal.db.damaged-20261124T080000Z"], aside);
        Assert.Equal(damaged, File.ReadAllBytes(aside));
        Assert.Equal(aside, health.State.SetAside);
        Assert.True(health.IsLost(TimeSpan.FromDays(1)));
        Assert.Equal(1, journal.Add([Sent("b@example.org")]));
        Assert.True(journal.HasMessageId("b@example.org"));
    }

    /// <summary>SQLite takes its log away with the last connection, at any moment: what was lost must be known all the same.</summary>
    [Fact]
    public async Task Log_that_vanishes_meanwhile_is_no_hindrance()
    {
        var (health, ct) = (new StoreHealth("journal", Path, _time), TestContext.Current.CancellationToken);
        for (var i = 0; i < 1000; i++)
        {
            await File.WriteAllTextAsync(Path, "damaged", ct);
            await File.WriteAllTextAsync(Path + "-wal", "", ct);
            using var both = new Barrier(2);
            var taking = Task.Run(() =>
            {
                both.SignalAndWait(ct);
                File.Delete(Path + "-wal");
            }, ct);
            both.SignalAndWait(ct);
            Assert.True(health.SetAside("damaged"), $"not set aside, try {i}");
            await taking;
            _time.Advance(TimeSpan.FromMinutes(11));
        }
    }

    [Fact]
    public void That_it_was_lost_is_known_after_a_restart_and_forgotten_in_time()
    {
        Damage();
        Open(out _).Dispose();
        _time.Advance(TimeSpan.FromHours(23));
        Open(out var health).Dispose();
        Assert.True(health.IsLost(TimeSpan.FromDays(1)));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(health.IsLost(TimeSpan.FromDays(1)));
    }

    [Fact]
    public void What_is_sent_while_it_is_found_damaged_is_kept_in_the_new_file()
    {
        using (var seeded = Open(out _))
        {
            seeded.Add(Enumerable.Range(0, 400).Select(i => Sent($"{i}@example.org")));
        }

        using var journal = Open(out _);
        StorePools.Clear(Path);
        var octets = File.ReadAllBytes(Path);
        new Random(1).NextBytes(octets.AsSpan(4096));
        File.WriteAllBytes(Path, octets);
        Assert.Equal(1, journal.Add([Sent("now@example.org")]));
        Assert.True(journal.HasMessageId("now@example.org"));
        Assert.Single(_said, s => s.SetAside is not null);
    }

    /// <summary>A bad disk damages every file at once: the folder must not fill with them, nor the log.</summary>
    [Fact]
    public void File_that_is_damaged_again_and_again_is_set_aside_seldom()
    {
        for (var i = 0; i < 20; i++)
        {
            Damage();
            using var journal = Open(out _);
            _ = Record.Exception(() => journal.HasMessageId("a@example.org"));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Single(Directory.GetFiles(_folder.Path, "*.damaged-*Z"));
    }

    [Fact]
    public void File_that_somebody_removes_is_begun_anew_and_counts_as_lost()
    {
        using var journal = Open(out var health);
        journal.Add([Sent("a@example.org")]);
        Assert.True(journal.HasMessageId("a@example.org"));
        File.Delete(Path);
        journal.Check();
        Assert.False(journal.HasMessageId("a@example.org"));
        Assert.True(health.IsLost(TimeSpan.FromDays(1)));
        journal.Add([Sent("b@example.org")]);
        StorePools.Clear(Path);
        using var again = new SentJournal(Path, _time, TimeSpan.FromDays(14));
        Assert.True(again.HasMessageId("b@example.org"));
    }

    /// <summary>One wait of a second at most, then nobody waits until it is tried again.</summary>
    [Fact]
    public void Locked_file_rests_and_is_tried_again()
    {
        Open(out _).Dispose();
        StorePools.Clear(Path);
        using var holder = new SqliteConnection($"Data Source={Path};Pooling=False");
        holder.Open();
        Execute(holder, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
        using var journal = Open(out var health);
        Assert.Equal(StoreFault.Locked, health.State.Fault);
        var started = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(StoreFault.Locked, Assert.Throws<StoreException>(() => journal.HasMessageId("a@example.org")).Fault);
        }

        Assert.InRange(started.Elapsed.TotalSeconds, 0, 30);
        holder.Dispose();
        _time.Advance(StoreHealth.Rest);
        Assert.False(journal.HasMessageId("a@example.org"));
        Assert.Null(health.State.Fault);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.damaged-*"));
    }

    [Fact]
    public void Failing_writes_do_not_keep_from_reading_and_are_said_once()
    {
        using (var seeded = Open(out _))
        {
            seeded.Add([Sent("a@example.org")]);
        }

        StorePools.Clear(Path);
        var octets = File.ReadAllBytes(Path);
        octets[18] = 3;
        File.WriteAllBytes(Path, octets);
        _said.Clear();
        using var journal = Open(out var health);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(StoreFault.ReadOnly, Assert.Throws<StoreException>(() => journal.Add([Sent("b@example.org")])).Fault);
            Assert.True(journal.HasMessageId("a@example.org"));
        }

        Assert.Equal(StoreFault.ReadOnly, health.State.Fault);
        Assert.Equal(StoreFault.ReadOnly, Assert.Single(_said).Fault);
    }

    /// <summary>Nobody waits for a writer: what was sent while readers are held off must not be lost for it.</summary>
    [Fact]
    public void Failed_read_holds_off_readers_only()
    {
        using var journal = Open(out var health);
        health.Failed(StoreFault.Unreadable, "a bad sector", isWrite: false);
        Assert.Equal(1, journal.Add([Sent("a@example.org")]));
        Assert.Throws<StoreException>(() => journal.HasMessageId("a@example.org"));
        _time.Advance(StoreHealth.Rest);
        Assert.True(journal.HasMessageId("a@example.org"));
        Assert.Equal([StoreFault.Unreadable, null], _said.Select(s => s.Fault));
    }

    /// <summary>The command line sets nothing aside: it says which file is damaged.</summary>
    [Theory]
    [InlineData("journal.db")]
    [InlineData("bayes.db")]
    [InlineData("correspondents.db")]
    public void Without_store_health_the_exception_names_the_damaged_file(string name)
    {
        File.WriteAllText(_folder[name], string.Concat(Enumerable.Repeat("hello ", 1000)));
        var error = Assert.Throws<StoreException>(() => (IDisposable)(name switch
        {
            "journal.db" => new SentJournal(_folder[name], _time, TimeSpan.FromDays(14)),
            "bayes.db" => new BayesDatabase(_folder[name], _time),
            _ => new Correspondents(_folder[name], _time),
        }));
        Assert.StartsWith(_folder[name], error.Message, StringComparison.Ordinal);
        Assert.Equal(StoreFault.Damaged, error.Fault);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    private SentJournal Open(out StoreHealth health)
    {
        health = new("journal", Path, _time) { Changed = _said.Add };
        return new(Path, _time, TimeSpan.FromDays(14), health);
    }

    private byte[] Damage()
    {
        StorePools.Clear(Path);
        var octets = new byte[8192];
        new Random(7).NextBytes(octets);
        File.WriteAllBytes(Path, octets);
        return octets;
    }

    private SentMessage Sent(string id) => new(new MailAddress("me", "example.org"), id, [new("you", "example.com")], _time.GetUtcNow());

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // a constant of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
