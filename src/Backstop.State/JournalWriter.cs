using Microsoft.Data.Sqlite;

namespace Backstop.State;

/// <summary>Writes messages to the journal inside one transaction, with prepared statements.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly SqliteCommand _message;
    private readonly SqliteCommand _recipient;
    private readonly SqliteCommand _sender;

    public JournalWriter(SqliteConnection connection, SqliteTransaction transaction)
    {
        _message = connection.Command("INSERT OR IGNORE INTO message (id, sender, sent_at) VALUES ($a, $b, $c)", transaction)
            .Taking("$a", "$b", "$c");
        _recipient = connection.Command("""
            INSERT INTO recipient (address, sender, sent_at) VALUES ($a, $b, $c)
            ON CONFLICT DO UPDATE SET sent_at = MAX(sent_at, excluded.sent_at)
            """, transaction).Taking("$a", "$b", "$c");
        _sender = connection.Command("""
            INSERT INTO sender (address, messages, first_at, last_at) VALUES ($a, 1, $b, $b)
            ON CONFLICT DO UPDATE SET messages = messages + 1,
                first_at = MIN(first_at, excluded.first_at), last_at = MAX(last_at, excluded.last_at)
            """, transaction).Taking("$a", "$b");
    }

    /// <summary>
    /// Returns the form in which ids are compared. Lower case, because some servers change the case of the domain in
    /// what they return.
    /// </summary>
    public static string IdKey(string messageId) => messageId.Trim().Trim('<', '>').ToLowerInvariant();

    // No id can look like it: ids are in lower case.
    private const string DigestMark = "Digest ";

    /// <summary>
    /// Writes one message; false if its id or digest was known, and then it does not add to its sender's coverage again.
    /// </summary>
    public bool Write(SentMessage message)
    {
        var at = message.SentAt.ToUnixTimeSeconds();
        var isNew = KeyOf(message) is not { } key || Run(_message, key, message.From.Key, at) > 0;
        foreach (var recipient in message.Recipients)
        {
            Run(_recipient, recipient.Key, message.From.Key, at);
        }

        if (isNew && message.IsCounted)
        {
            Run(_sender, message.From.Key, at);
        }

        return isNew;
    }

    public void Dispose()
    {
        _message.Dispose();
        _recipient.Dispose();
        _sender.Dispose();
    }

    private static string? KeyOf(SentMessage message) =>
        message.MessageId is { } id ? IdKey(id) : message.Digest is { } digest ? DigestMark + digest : null;

    private static int Run(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        return command.ExecuteNonQuery();
    }
}
