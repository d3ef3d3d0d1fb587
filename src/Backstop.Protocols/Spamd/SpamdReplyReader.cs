using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Spamd;

/// <summary>A spamd's answer about a message.</summary>
/// <param name="IsSpam">Whether the score reaches the required one.</param>
/// <param name="BodyAt">The offset of the reply's body.</param>
public readonly record struct SpamdScored(bool IsSpam, int BodyAt);

/// <summary>
/// The client's side of spamd's protocol: writes the request and reads the reply (spamd/PROTOCOL of SpamAssassin
/// 4.0.1).
/// </summary>
public static class SpamdReplyReader
{
    private const int MaxShown = 200;

    /// <summary>Formats the head of a request for score and header fields; the reply does not contain the body.</summary>
    /// <param name="length">The length of the message that follows, in octets.</param>
    public static byte[] FormatHeaders(int length) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HEADERS SPAMC/1.5\r\nContent-length: {length}\r\n\r\n"));

    /// <summary>Reads a reply with a score.</summary>
    /// <param name="reply">All octets until the connection closed.</param>
    /// <param name="error">What is wrong with the reply, to follow "it"; null if nothing.</param>
    /// <returns>The answer, or null with an error.</returns>
    public static SpamdScored? Read(ReadOnlySpan<byte> reply, out string? error)
    {
        var end = reply.IndexOf("\r\n\r\n"u8);
        var head = Encoding.Latin1.GetString(end < 0 ? reply[..Math.Min(reply.Length, MaxShown)] : reply[..end]).Split("\r\n");
        var status = head[0].Split(' ', 3);
        if (end < 0 || status.Length < 3 || !status[0].StartsWith("SPAMD/", StringComparison.Ordinal) || status[1] != "0")
        {
            error = $"replied \"{head[0]}\"";
            return null;
        }

        // A broken connection looks like the end of a reply: a partial reply must not count as a whole one.
        var length = reply.Length - end - 4;
        if (Field(head, "Content-length:") is { } text)
        {
            const NumberStyles number = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
            if (!int.TryParse(text, number, CultureInfo.InvariantCulture, out var announced))
            {
                error = "announced a Content-length that is not a number";
                return null;
            }

            if (length < announced)
            {
                error = string.Create(CultureInfo.InvariantCulture, $"sent {length} of {announced} octets");
                return null;
            }
        }

        var spam = Field(head, "Spam: ");
        error = Field(head, "Spam:") is null ? "did not say whether it is spam" : null;
        return error is null ? new SpamdScored(spam is not null && (Begins(spam, "True") || Begins(spam, "Yes")), end + 4) : null;
    }

    private static bool Begins(string text, string word) => text.StartsWith(word, StringComparison.OrdinalIgnoreCase);

    private static string? Field(string[] head, string name) =>
        Array.Find(head, l => Begins(l, name))?[name.Length..];
}
