using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>Reads the journal over one connection, with prepared statements. Used by one thread at a time.</summary>
internal sealed class JournalReader : IDisposable
{
    private const string SenderRows = """
        SELECT address, messages, first_at, last_at, COALESCE(SUM(total), 0), COALESCE(SUM(known), 0)
        FROM sender LEFT JOIN (SELECT address AS answered, day, total, known FROM reply WHERE day >= $day) ON answered = address
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _messageId;
    private readonly SqliteCommand _recipient;
    private readonly SqliteCommand _sender;
    private readonly SqliteCommand _mark;

    public JournalReader(SqliteConnection connection)
    {
        _connection = connection;
        _messageId = Prepare("SELECT 1 FROM message WHERE id = $a", "$a");
        _recipient = Prepare("SELECT 1 FROM recipient WHERE address = $a AND sender = $b AND sent_at >= $c", "$a", "$b", "$c");
        _sender = Prepare(SenderRows + " WHERE address = $a GROUP BY address", "$day", "$a");
        _mark = Prepare("SELECT mark FROM import_mark WHERE source = $a", "$a");
    }

    public bool HasMessageId(string key)
    {
        _messageId.Parameters[0].Value = key;
        return _messageId.ExecuteScalar() is not null;
    }

    public bool HasRecipient(string recipient, string sender, long since)
    {
        _recipient.Parameters[0].Value = recipient;
        _recipient.Parameters[1].Value = sender;
        _recipient.Parameters[2].Value = since;
        return _recipient.ExecuteScalar() is not null;
    }

    public SenderCoverage? Coverage(string sender, long firstReplyDay)
    {
        _sender.Parameters[0].Value = firstReplyDay;
        _sender.Parameters[1].Value = sender;
        using var rows = _sender.ExecuteReader();
        return rows.Read() ? Row(rows) : null;
    }

    public string? ImportMark(string source)
    {
        _mark.Parameters[0].Value = source;
        return _mark.ExecuteScalar() as string;
    }

    public long CountMessages()
    {
        using var command = Prepare("SELECT COUNT(*) FROM message");
        return (long)command.ExecuteScalar()!;
    }

    public IReadOnlyList<SenderCoverage> Senders(long firstReplyDay)
    {
        using var command = Prepare(SenderRows + " GROUP BY address ORDER BY address", "$day");
        command.Parameters[0].Value = firstReplyDay;
        using var rows = command.ExecuteReader();
        var senders = new List<SenderCoverage>();
        while (rows.Read())
        {
            senders.Add(Row(rows));
        }

        return senders;
    }

    public void Dispose()
    {
        _messageId.Dispose();
        _recipient.Dispose();
        _sender.Dispose();
        _mark.Dispose();
        _connection.Dispose();
    }

    private static SenderCoverage Row(SqliteDataReader row) => new(
        row.GetString(0), row.GetInt64(1),
        DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2)), DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(3)),
        row.GetInt64(4), row.GetInt64(5));

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.Command(sql).Taking(parameters);
        if (parameters.Length > 0)
        {
            command.Prepare();
        }

        return command;
    }
}
