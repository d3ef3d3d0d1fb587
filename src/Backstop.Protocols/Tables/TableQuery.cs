using System.Buffers;
using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Tables;

/// <summary>
/// A question to a table, in either of two notations: Sendmail's and Postfix's socketmap (a netstring with the table's name and the key), or Postfix's
/// tcp_table (a line, <c>get KEY</c>, with odd octets as %XX).
/// </summary>
/// <param name="Table">The table's name; empty in tcp_table, which has none.</param>
/// <param name="Key">What is looked up.</param>
/// <param name="IsSocketmap">Which notation the answer is wanted in.</param>
public sealed record TableQuery(string Table, string Key, bool IsSocketmap)
{
    /// <summary>Octets of a question: an address has at most 320, and may be escaped.</summary>
    public const int MaxLength = 4096;

    /// <summary>Takes a question off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <returns>Null while it is not whole.</returns>
    /// <exception cref="FormatException">It is none.</exception>
    public static TableQuery? TryRead(ref ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return null;
        }

        var query = buffer.FirstSpan[0] is >= (byte)'0' and <= (byte)'9' ? TryNetstring(ref buffer) : TryLine(ref buffer);
        return query is null && buffer.Length > MaxLength ? throw new FormatException("a question that does not end") : query;
    }

    /// <summary>The answer with a value.</summary>
    /// <param name="value">The value.</param>
    public byte[] Found(string value) => IsSocketmap ? Netstring("OK " + value) : Line("200 " + Escaped(value));

    /// <summary>The answer that there is none.</summary>
    public byte[] NotFound() => IsSocketmap ? Netstring("NOTFOUND ") : Line("500 not found");

    /// <summary>The answer that this cannot be said now: the server defers the mail.</summary>
    /// <param name="why">Why.</param>
    public byte[] Trouble(string why) => IsSocketmap ? Netstring("TEMP " + why) : Line("400 " + Escaped(why));

    private static TableQuery? TryNetstring(ref ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> digits, (byte)':'))
        {
            return buffer.Length > 6 ? throw new FormatException("a netstring without a length") : null;
        }

        if (!int.TryParse(Encoding.ASCII.GetString(digits), NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > MaxLength)
        {
            throw new FormatException("a netstring that is too long");
        }

        if (reader.Remaining < length + 1)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(buffer.Slice(reader.Position, length));
        reader.Advance(length);
        if (!reader.TryRead(out var comma) || comma != (byte)',')
        {
            throw new FormatException("a netstring without its comma");
        }

        buffer = buffer.Slice(reader.Position);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? throw new FormatException("a question without a table") : new(text[..space], text[(space + 1)..], true);
    }

    private static TableQuery? TryLine(ref ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(line).TrimEnd('\r');
        buffer = buffer.Slice(reader.Position);
        return text.StartsWith("get ", StringComparison.Ordinal) ? new("", Uri.UnescapeDataString(text[4..]), false) : throw new FormatException("a question that is no get");
    }

    private static byte[] Netstring(string text)
    {
        var octets = Encoding.UTF8.GetBytes(text);
        return [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{octets.Length}:")), .. octets, (byte)','];
    }

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text + "\n");

    // tcp_table(5): % and white space and what cannot be printed.
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in Encoding.UTF8.GetBytes(text))
        {
            _ = c is > 32 and < 127 and not (byte)'%' ? escaped.Append((char)c) : escaped.Append(CultureInfo.InvariantCulture, $"%{c:X2}");
        }

        return escaped.ToString();
    }
}
