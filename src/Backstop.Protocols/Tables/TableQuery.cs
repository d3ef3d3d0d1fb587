using System.Buffers;
using System.Globalization;
using System.Text;
using Backstop.Mail;

namespace Backstop.Protocols.Tables;

/// <summary>
/// A table lookup in one of two notations: socketmap of Sendmail and Postfix (a netstring with the table's name and the
/// key), or Postfix's tcp_table (a line, <c>get KEY</c>, with special octets as %XX).
/// </summary>
/// <param name="Table">The table's name; empty for tcp_table, which sends none.</param>
/// <param name="Key">The key to look up.</param>
/// <param name="IsSocketmap">The notation of lookup and answer.</param>
public sealed record TableQuery(string Table, string Key, bool IsSocketmap)
{
    /// <summary>The longest lookup: an address has at most 320 octets, but they may be escaped.</summary>
    public const int MaxLength = 4096;

    // An answer uses the encoding in which the address was received.
    private Encoding KeyEncoding { get; init; } = Encoding.UTF8;

    /// <summary>Takes a lookup off the front of a buffer.</summary>
    /// <param name="buffer">What was received; what is left of it.</param>
    /// <returns>Null while the lookup is incomplete.</returns>
    /// <exception cref="FormatException">The octets are neither a netstring nor a line that begins with <c>get</c>, or are more
    /// than <see cref="MaxLength"/>.</exception>
    public static TableQuery? TryRead(ref ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return null;
        }

        var query = buffer.FirstSpan[0] is >= (byte)'0' and <= (byte)'9' ? TryNetstring(ref buffer) : TryLine(ref buffer);
        return query is null && buffer.Length > MaxLength ? throw new FormatException("a table lookup that does not end") : query;
    }

    /// <summary>Answers with a value.</summary>
    /// <param name="value">What the key stands for.</param>
    public byte[] Found(string value) => Answer("OK ", "200 ", value);

    /// <summary>Answers that the key is not in the table.</summary>
    public byte[] NotFound() => IsSocketmap ? Netstring.Of("NOTFOUND "u8) : Line("500 not found");

    /// <summary>Answers that the lookup failed for now: the server defers the mail.</summary>
    /// <param name="why">The reason, for people.</param>
    public byte[] Trouble(string why) => Answer("TEMP ", "400 ", why);

    private byte[] Answer(string inNetstring, string inLine, string text) =>
        IsSocketmap ? Netstring.Of(KeyEncoding.GetBytes(inNetstring + text)) : Line(inLine + Escaped(KeyEncoding.GetBytes(text)));

    private static TableQuery? TryNetstring(ref ReadOnlySequence<byte> buffer)
    {
        if (Netstring.TryRead(ref buffer, MaxLength) is not { } octets)
        {
            return null;
        }

        var space = octets.IndexOf((byte)' ');
        return space < 0
            ? throw new FormatException("a table lookup without the name of a table")
            : Of(HeaderText.ToText(octets.AsSpan(0, space)), octets.AsSpan(space + 1), isSocketmap: true);
    }

    private static TableQuery? TryLine(ref ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            return null;
        }

        var octets = line.ToArray().AsSpan().TrimEnd((byte)'\r');
        buffer = buffer.Slice(reader.Position);
        return octets.StartsWith("get "u8)
            ? Of("", Unescaped(octets[4..]), isSocketmap: false)
            : throw new FormatException("a table lookup that is not \"get KEY\"");
    }

    private static TableQuery Of(string table, ReadOnlySpan<byte> key, bool isSocketmap) =>
        new(table, HeaderText.ToText(key), isSocketmap) { KeyEncoding = HeaderText.EncodingOf(key) };

    private static byte[] Line(string text) => Encoding.ASCII.GetBytes(text + "\n");

    // tcp_table(5): escape %, white space and unprintable octets.
    private static string Escaped(byte[] octets)
    {
        var escaped = new StringBuilder(octets.Length);
        foreach (var c in octets)
        {
            _ = c is > 32 and < 127 and not (byte)'%' ? escaped.Append((char)c) : escaped.Append(CultureInfo.InvariantCulture, $"%{c:X2}");
        }

        return escaped.ToString();
    }

    // Unescapes in place: the result is never longer.
    private static ReadOnlySpan<byte> Unescaped(Span<byte> text)
    {
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                text[length++] = octet;
                i += 2;
            }
            else
            {
                text[length++] = text[i];
            }
        }

        return text[..length];
    }
}
