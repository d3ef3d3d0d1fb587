using System.Buffers;
using System.Text;

namespace Backstop.Protocols.Tables;

/// <summary>What a table answers.</summary>
public enum TableStatus
{
    /// <summary>The key is in the table.</summary>
    Found,

    /// <summary>The key is not in the table.</summary>
    NotFound,

    /// <summary>The table cannot answer now, or not at all.</summary>
    Failed,
}

/// <summary>The reply of a socketmap server to a lookup, as its client reads it.</summary>
/// <param name="Status">Whether the key was found.</param>
/// <param name="Text">The value of the key, or the server's reason for a failure; empty for neither.</param>
public sealed record TableReply(TableStatus Status, string Text)
{
    /// <summary>The longest reply, as for Postfix.</summary>
    public const int MaxLength = 100_000;

    /// <summary>Returns the octets of a lookup.</summary>
    /// <param name="table">The name of the table: without a blank.</param>
    /// <param name="key">What is looked up, such as an address.</param>
    public static byte[] Question(string table, string key) => Netstring.Of(Encoding.UTF8.GetBytes($"{table} {key}"));

    /// <summary>Takes a reply off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <returns>Null while the reply is incomplete.</returns>
    /// <exception cref="FormatException">The octets are not a reply.</exception>
    public static TableReply? TryRead(ref ReadOnlySequence<byte> buffer)
    {
        if (Netstring.TryRead(ref buffer, MaxLength) is not { } octets)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(octets);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var (word, rest) = space < 0 ? (text, "") : (text[..space], text[(space + 1)..]);
        return word switch
        {
            "OK" => new(TableStatus.Found, rest),
            "NOTFOUND" => new(TableStatus.NotFound, ""),

            // socketmap_table(5): all three defer the mail; a table that is configured wrongly tells nobody that a user is unknown.
            "TEMP" or "TIMEOUT" or "PERM" => new(TableStatus.Failed, rest.Length > 0 ? $"{word} {rest}" : word),
            _ => throw new FormatException("a table's reply that is none of OK, NOTFOUND, TEMP, TIMEOUT and PERM"),
        };
    }
}
