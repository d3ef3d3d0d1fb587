using System.Collections.Concurrent;

namespace Backstop.State;

/// <summary>Remembers what was sent: Message-IDs, recipients, and how many messages of each sender were seen.</summary>
/// <remarks>
/// SQLite in WAL mode: a reader never waits for a writer, and the command line may write while the server reads.
/// Invariant: a lookup finds every message added before it.
/// </remarks>
public sealed class SentJournal : IDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, sender TEXT NOT NULL, sent_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS recipient (address TEXT NOT NULL, sender TEXT NOT NULL, sent_at INTEGER NOT NULL,
            PRIMARY KEY (address, sender)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS sender (address TEXT PRIMARY KEY, messages INTEGER NOT NULL, first_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS reply (address TEXT NOT NULL, day INTEGER NOT NULL, total INTEGER NOT NULL, known INTEGER NOT NULL,
            PRIMARY KEY (address, day)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS import_mark (source TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>How long replies are counted: mail that bypassed the journal longer ago does not matter today.</summary>
    public static readonly TimeSpan ReplyWindow = TimeSpan.FromDays(30);

    private readonly StateFile _file;
    private readonly TimeProvider _time;
    private readonly TimeSpan _recipientWindow;
    private readonly bool _mayBeReplaced;
    private readonly ConcurrentBag<(int Generation, JournalReader Reader)> _readers = [];
    private readonly Lock _writeGate = new();

    /// <summary>Opens the journal, and creates it if it is missing.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="recipientWindow">How long after a message to a recipient a bounce from there counts as proved. For
    /// Message-IDs there is no limit.</param>
    /// <param name="health">Lets a server run while the journal is unusable: every method then throws <see
    /// cref="StoreException"/>. Null: the constructor throws instead.</param>
    /// <exception cref="StoreException">The journal is unusable and <paramref name="health"/> is null.</exception>
    public SentJournal(string path, TimeProvider time, TimeSpan recipientWindow, StoreHealth? health = null)
    {
        _file = new(path, Schema, health);
        _time = time;
        _recipientWindow = recipientWindow;
        _mayBeReplaced = health is not null;
    }

    /// <summary>Adds messages, all of them or none.</summary>
    /// <param name="messages">What was sent.</param>
    /// <returns>How many of them were not in the journal before.</returns>
    public int Add(IEnumerable<SentMessage> messages)
    {
        if (!_mayBeReplaced)
        {
            return Write(() => AddAll(messages));
        }

        var all = messages.ToList();
        try
        {
            return Write(() => AddAll(all));
        }
        catch (StoreException error) when (error.Fault == StoreFault.Damaged)
        {
            // The file has been replaced by now; the messages must be in the new one.
            return Write(() => AddAll(all));
        }
    }

    /// <summary>Returns the form in which ids are compared: without brackets, in lower case.</summary>
    /// <param name="messageId">The id, with or without brackets.</param>
    public static string IdKey(string messageId)
    {
        ArgumentNullException.ThrowIfNull(messageId);
        return JournalWriter.IdKey(messageId);
    }

    /// <summary>Whether a message with that id was sent.</summary>
    /// <param name="messageId">Without brackets, in any case.</param>
    public bool HasMessageId(string messageId) => Ask(r => r.HasMessageId(JournalWriter.IdKey(messageId)));

    /// <summary>Whether one of the senders wrote to the recipient within the window.</summary>
    /// <param name="recipient">The recipient's key.</param>
    /// <param name="senders">The senders' keys.</param>
    public bool HasRecipient(string recipient, IReadOnlyCollection<string> senders)
    {
        var since = (_time.GetUtcNow() - _recipientWindow).ToUnixTimeSeconds();
        return Ask(r => senders.Any(s => r.HasRecipient(recipient, s, since)));
    }

    /// <summary>Returns the coverage of a sender, or null if nothing is known.</summary>
    /// <param name="sender">Its key.</param>
    public SenderCoverage? Coverage(string sender) => Ask(r => r.Coverage(sender, FirstReplyDay));

    /// <summary>Adds to the counts of replies.</summary>
    /// <param name="replies">The replies since the last call.</param>
    public void AddReplies(IEnumerable<ReplyCount> replies) => Change(
        "INSERT INTO reply (address, day, total, known) VALUES ($a, $b, $c, $d) ON CONFLICT DO UPDATE SET total = total + $c, known = "
            + "known + $d",
        replies.Select(r => new object[] { r.Address, r.Day, r.All, r.ToKnown }));

    /// <summary>Returns how far a source of sent mail has been imported; null if never.</summary>
    /// <param name="source">Its name.</param>
    internal string? ImportMark(string source) => Ask(r => r.ImportMark(source));

    /// <summary>Stores how far a source has been imported.</summary>
    /// <param name="source">Its name.</param>
    /// <param name="mark">The position, in the caller's own notation.</param>
    internal void SetImportMark(string source, string mark) =>
        Change("INSERT INTO import_mark (source, mark) VALUES ($a, $b) ON CONFLICT DO UPDATE SET mark = $b", [[source, mark]]);

    /// <summary>The number of messages that the journal can recognise, by their Message-ID or their digest.</summary>
    public long CountMessages() => Ask(r => r.CountMessages());

    /// <summary>Returns the coverage of every sender, ordered by address.</summary>
    public IReadOnlyList<SenderCoverage> Senders() => Ask(r => r.Senders(FirstReplyDay));

    /// <summary>Deletes what is older than an age.</summary>
    /// <param name="age">The age. The senders' coverage is kept.</param>
    /// <returns>The number of rows deleted.</returns>
    public int Forget(TimeSpan age)
    {
        var before = (_time.GetUtcNow() - age).ToUnixTimeSeconds();
        return Write(() =>
        {
            using var connection = _file.Open(forWriting: true);
            using var command = connection.Command(
                "DELETE FROM message WHERE sent_at < $a; DELETE FROM recipient WHERE sent_at < $a; DELETE FROM reply WHERE day < $b")
                .With(before, FirstReplyDay);
            return command.ExecuteNonQuery();
        });
    }

    /// <summary>Closes the database.</summary>
    public void Dispose()
    {
        while (_readers.TryTake(out var free))
        {
            free.Reader.Dispose();
        }
    }

    private long FirstReplyDay => (_time.GetUtcNow() - ReplyWindow).ToUnixTimeSeconds() / 86400;

    /// <summary>Checks whether the file still exists, and retries an unusable one. To be called every few seconds.</summary>
    public void Check() => _file.Check();

    // Runs in one transaction; the parameters are $a, $b and so on.
    private void Change(string sql, IEnumerable<object[]> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
        {
            return;
        }

        Write(() => ChangeAll(sql, all));
    }

    private int Write(Func<int> work)
    {
        lock (_writeGate)
        {
            return _file.Use(isWrite: true, work);
        }
    }

    private int AddAll(IEnumerable<SentMessage> messages)
    {
        using var connection = _file.Open(forWriting: true);
        using var transaction = connection.BeginTransaction();
        using var writer = new JournalWriter(connection, transaction);
        var added = 0;
        foreach (var message in messages)
        {
            added += writer.Write(message) ? 1 : 0;
        }

        transaction.Commit();
        return added;
    }

    private int ChangeAll(string sql, List<object[]> rows)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction();
        foreach (var row in rows)
        {
            using var command = connection.Command(sql, transaction).With(row);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
        return rows.Count;
    }

    private T Ask<T>(Func<JournalReader, T> question) => _file.Use(isWrite: false, () =>
    {
        var generation = _file.Generation;
        var reader = Take(generation) ?? new JournalReader(_file.Open());
        try
        {
            return question(reader);
        }
        finally
        {
            Keep(generation, reader);
        }
    });

    private JournalReader? Take(int generation)
    {
        while (_readers.TryTake(out var free))
        {
            if (free.Generation == generation)
            {
                return free.Reader;
            }

            free.Reader.Dispose();
        }

        return null;
    }

    private void Keep(int generation, JournalReader reader)
    {
        if (generation == _file.Generation)
        {
            _readers.Add((generation, reader));
        }
        else
        {
            // A connection to a file that was set aside meanwhile.
            reader.Dispose();
        }
    }
}
