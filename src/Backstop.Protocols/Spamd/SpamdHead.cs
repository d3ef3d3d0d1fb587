using System.Buffers;
using System.Globalization;
using System.Text;

namespace Backstop.Protocols.Spamd;

/// <summary>
/// Reads the head of a request. As with spamd, a line ends in CRLF or LF, and the last one may end with the stream.
/// </summary>
public static class SpamdHead
{
    /// <summary>The longest head; spamd reads 256 lines.</summary>
    public const int MaxLength = 16 << 10;

    private const int MaxFields = 256;

    private static readonly (string Word, SpamdVerb Verb)[] _verbs =
    [
        ("CHECK", SpamdVerb.Check), ("SYMBOLS", SpamdVerb.Symbols), ("REPORT", SpamdVerb.Report), ("REPORT_IFSPAM", SpamdVerb.ReportIfSpam),
        ("HEADERS", SpamdVerb.Headers), ("PROCESS", SpamdVerb.Process), ("PING", SpamdVerb.Ping), ("SKIP", SpamdVerb.Skip),
        ("TELL", SpamdVerb.Tell),
    ];

    /// <summary>Takes a whole head, if the buffer contains one, and moves the reader behind it.</summary>
    /// <param name="reader">The unread octets.</param>
    /// <param name="atEnd">Whether the stream has ended.</param>
    /// <param name="request">The head; null while it is incomplete, or if it is wrong.</param>
    /// <param name="error">What is wrong with the head, in spamd's words; null if nothing.</param>
    /// <returns>False while the head is incomplete; true with a request or an error.</returns>
    public static bool TryRead(ref SequenceReader<byte> reader, bool atEnd, out SpamdRequest? request, out string? error)
    {
        (request, error) = (null, null);
        if (!TryLine(ref reader, atEnd, out var first))
        {
            error = atEnd ? "(closed before headers)" : reader.Remaining > MaxLength ? "(line too long)" : null;
            return error is not null;
        }

        if (ParseFirst(first) is not { } started)
        {
            error = first;
            return true;
        }

        if (started.Version < 11 || (!started.HasBody && started.Version < 15))
        {
            request = started;
            return true;
        }

        return TryFields(ref reader, atEnd, started, out request, out error);
    }

    private static bool TryFields(
        ref SequenceReader<byte> reader, bool atEnd, SpamdRequest started, out SpamdRequest? request, out string? error)
    {
        (request, error) = (started, null);
        for (var count = 0; count < MaxFields; count++)
        {
            if (!TryLine(ref reader, atEnd, out var line))
            {
                request = null;
                error = atEnd ? "(EOF during headers)" : reader.Remaining > MaxLength ? "(line too long)" : null;
                return error is not null;
            }

            if (line.Length == 0)
            {
                return true;
            }

            request = WithField(request!, line, ref error);
            if (error is not null)
            {
                request = null;
                return true;
            }
        }

        (request, error) = (null, "(too many headers)");
        return true;
    }

    private static SpamdRequest WithField(SpamdRequest request, string line, ref string? error)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            error = "(header not in 'Name: value' format)";
            return request;
        }

        var value = line[(colon + 1)..].TrimStart(' ', '\t');
        switch (line[..colon].ToLowerInvariant())
        {
            case "content-length":
                if (value.Length > 0 && !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    error = "(Content-Length contains non-numeric bytes)";
                    return request;
                }

                return request with { ContentLength = value.Length == 0 ? null : long.Parse(value, CultureInfo.InvariantCulture) };
            case "user":
                error = value.Any(char.IsControl) ? "(User header contains control chars)" : null;
                return request with { User = value };
            case "compress":
                error = value.Contains("zlib", StringComparison.OrdinalIgnoreCase) ? null : $"(compression type not supported: {value})";
                return request with { IsCompressed = true };
            case "message-class":
                error = value.ToLowerInvariant() is "spam" or "ham" ? null : "(Message-class header contains invalid class)";
                return request with { MessageClass = value.ToLowerInvariant() };
            case "set":
                return request with { SetLocal = value.Contains("local", StringComparison.OrdinalIgnoreCase) };
            case "remove":
                return request with { RemoveLocal = value.Contains("local", StringComparison.OrdinalIgnoreCase) };
            default:
                return request;
        }
    }

    private static SpamdRequest? ParseFirst(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var verb = space < 0 ? -1 : Array.FindIndex(_verbs, v => v.Word == line[..space]);
        var rest = space < 0 ? "" : line[(space + 1)..];
        return verb >= 0 && rest.StartsWith("SPAMC/", StringComparison.Ordinal)
            && decimal.TryParse(rest.AsSpan(6), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var version)
            && version is >= 0 and < 100
            ? new SpamdRequest(_verbs[verb].Verb, (int)(version * 10))
            : null;
    }

    private static bool TryLine(ref SequenceReader<byte> reader, bool atEnd, out string line)
    {
        line = "";
        if (!reader.TryReadTo(out ReadOnlySequence<byte> text, (byte)'\n')
            && (!atEnd || !reader.TryReadExact((int)reader.Remaining, out text) || text.IsEmpty))
        {
            return false;
        }

        line = Encoding.Latin1.GetString(text).TrimEnd('\r');
        return true;
    }
}
