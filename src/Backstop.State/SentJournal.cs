using System.Collections.Concurrent;

namespace Backstop.State;

/// <summary>Remembers what was sent: Message-IDs, recipients, and how much of each address's mail was seen.</summary>
/// <remarks>
/// SQLite in WAL mode: readers never wait for a writer, and the command line may add while the server reads.
/// Invariant: a message added before a question is asked is found by it.
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

    /// <summary>How long answers are counted: what left unseen longer ago says nothing about today.</summary>
    public static readonly TimeSpan ReplyWindow = TimeSpan.FromDays(30);

    private readonly StateFile _file;
    private readonly TimeProvider _time;
    private readonly TimeSpan _recipientWindow;
    private readonly bool _mayBeReplaced;
    private readonly ConcurrentBag<(int Generation, JournalReader Reader)> _readers = [];
    private readonly Lock _writeGate = new();

    /// <summary>Opens the journal, making it where there is none.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="recipientWindow">How long after writing to somebody a bounce from there counts as proved. Message-IDs count for
    /// ever.</param>
    /// <param name="health">Keeps a server going where the journal cannot be used; null to throw. Every method throws
    /// <see cref="StoreException"/> meanwhile.</param>
    /// <exception cref="StoreException">It cannot be used; never with a <paramref name="health"/>.</exception>
    public SentJournal(string path, TimeProvider time, TimeSpan recipientWindow, StoreHealth? health = null)
    {
        _file = new(path, Schema, health);
        _time = time;
        _recipientWindow = recipientWindow;
        _mayBeReplaced = health is not null;
    }

    /// <summary>Remembers messages, all of them or none.</summary>
    /// <param name="messages">What was sent.</param>
    /// <returns>How many of them were not known before.</returns>
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
            // There is a new file by now, and what is sent just now shall be in it.
            return Write(() => AddAll(all));
        }
    }

    /// <summary>The form in which ids are compared: without brackets, in lower case.</summary>
    /// <param name="messageId">As written.</param>
    public static string IdKey(string messageId)
    {
        ArgumentNullException.ThrowIfNull(messageId);
        return JournalWriter.IdKey(messageId);
    }

    /// <summary>Whether a message of that id was sent.</summary>
    /// <param name="messageId">Without brackets, in any case.</param>
    public bool HasMessageId(string messageId) => Ask(r => r.HasMessageId(JournalWriter.IdKey(messageId)));

    /// <summary>Whether one of the senders wrote to that address within the window.</summary>
    /// <param name="recipient">The recipient's key.</param>
    /// <param name="senders">The senders' keys.</param>
    public bool HasRecipient(string recipient, IReadOnlyCollection<string> senders)
    {
        var since = (_time.GetUtcNow() - _recipientWindow).ToUnixTimeSeconds();
        return Ask(r => senders.Any(s => r.HasRecipient(recipient, s, since)));
    }

    /// <summary>What is known of a sender, or null.</summary>
    /// <param name="sender">Its key.</param>
    public SenderCoverage? Coverage(string sender) => Ask(r => r.Coverage(sender, FirstReplyDay));

    /// <summary>Counts answers that arrived.</summary>
    /// <param name="replies">What arrived since the last call.</param>
    public void AddReplies(IEnumerable<ReplyCount> replies) => Change(
        "INSERT INTO reply (address, day, total, known) VALUES ($a, $b, $c, $d) ON CONFLICT DO UPDATE SET total = total + $c, known = "
            + "known + $d",
        replies.Select(r => new object[] { r.Address, r.Day, r.All, r.ToKnown }));

    /// <summary>How far a source of sent mail has been read; null for never.</summary>
    /// <param name="source">Its name.</param>
    internal string? ImportMark(string source) => Ask(r => r.ImportMark(source));

    /// <summary>Remembers how far a source has been read.</summary>
    /// <param name="source">Its name.</param>
    /// <param name="mark">The caller's own notation.</param>
    internal void SetImportMark(string source, string mark) =>
        Change("INSERT INTO import_mark (source, mark) VALUES ($a, $b) ON CONFLICT DO UPDATE SET mark = $b", [[source, mark]]);

    /// <summary>The number of Message-IDs in the journal.</summary>
    public long CountMessages() => Ask(r => r.CountMessages());

    /// <summary>What is known of every sender, in the order of their addresses.</summary>
    public IReadOnlyList<SenderCoverage> Senders() => Ask(r => r.Senders(FirstReplyDay));

    /// <summary>Forgets what is older.</summary>
    /// <param name="age">The age. What covers an address is not forgotten.</param>
    /// <returns>Rows forgotten.</returns>
    public int Forget(TimeSpan age)
    {
        var before = (_time.GetUtcNow() - age).ToUnixTimeSeconds();
        return Write(() =>
        {
            using var connection = _file.Open(forWriting: true);
            using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM message WHERE sent_at < $before; DELETE FROM recipient WHERE sent_at < $before; DELETE "
                + "FROM reply WHERE day < $day";
            command.Parameters.AddWithValue("$before", before);
            command.Parameters.AddWithValue("$day", FirstReplyDay);
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

    /// <summary>Looks whether the file is still there, and whether one that could not be used can be. Called every few seconds.</summary>
    public void Check() => _file.Check();

    // One transaction; the parameters are $a, $b and so on.
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
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
#pragma warning disable CA2100 // Only this class's constants come here.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < row.Length; i++)
            {
                command.Parameters.AddWithValue($"${(char)('a' + i)}", row[i]);
            }

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
            // Of a file that was set aside meanwhile.
            reader.Dispose();
        }
    }
}
