using System.Net;

namespace Backstop.Configuration.Options;

/// <summary>A table of addresses, as an entry of <c>recipients.tables</c> names it.</summary>
/// <param name="Text">The entry.</param>
internal abstract record TableSetting(string Text)
{
    /// <summary>Parses an entry; null if the text names no table.</summary>
    /// <param name="text"><c>file:PATH</c>, <c>sqlite:PATH</c>, or <c>socketmap:HOST:PORT:NAME</c> and
    /// <c>socketmap:unix:PATH:NAME</c>, also with Postfix's <c>inet:</c>.</param>
    public static TableSetting? Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        return kind switch
        {
            "file" when Path.IsPathRooted(rest) => new File(text, rest),
            "sqlite" when Path.IsPathRooted(rest) => new Sqlite(text, rest),
            "socketmap" => ParseSocketmap(text, rest),
            _ => null,
        };
    }

    /// <summary>Describes what is wrong with the text; null if nothing is.</summary>
    /// <param name="text">The entry.</param>
    public static string? Error(string text) => Parse(text) is null
        ? $"\"{text}\" is not a table; write \"file:/etc/backstop/recipients\", \"sqlite:/var/lib/mail/users.db\", "
            + "\"socketmap:127.0.0.1:10001:NAME\" or \"socketmap:unix:/run/map.sock:NAME\""
        : null;

    private static Socketmap? ParseSocketmap(string text, string rest)
    {
        var colon = rest.LastIndexOf(':');
        var name = rest[(colon + 1)..];
        if (colon < 0 || name.Length is 0 or > 100 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            return null;
        }

        var address = rest[..colon];
        address = address.StartsWith("inet:", StringComparison.Ordinal) ? address[5..]
            : address.StartsWith("unix:/", StringComparison.Ordinal) ? address[5..]
            : address;
        return PeerAddress.Parse(address) is { } endPoint ? new(text, endPoint, name) : null;
    }

    /// <summary>A text file, as postmap reads them.</summary>
    /// <param name="Text">The entry.</param>
    /// <param name="Path">Its absolute path.</param>
    public sealed record File(string Text, string Path) : TableSetting(Text);

    /// <summary>An SQLite database, asked by <c>recipients.query</c>.</summary>
    /// <param name="Text">The entry.</param>
    /// <param name="Path">Its absolute path.</param>
    public sealed record Sqlite(string Text, string Path) : TableSetting(Text);

    /// <summary>A server that speaks Sendmail's and Postfix's socketmap protocol.</summary>
    /// <param name="Text">The entry.</param>
    /// <param name="EndPoint">Its address.</param>
    /// <param name="Table">The name of the table that it is asked for.</param>
    public sealed record Socketmap(string Text, EndPoint EndPoint, string Table) : TableSetting(Text);
}
