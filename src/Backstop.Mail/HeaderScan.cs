namespace Backstop.Mail;

/// <summary>
/// Finds the header fields of a message in one pass and does not interpret them. Accepts CRLF and LF line ends.
/// </summary>
/// <remarks>
/// RFC 5322 §2.2. A line that is neither a field nor a continuation ends the header; what follows is body, as for
/// procmail and Postfix.
/// </remarks>
public static class HeaderScan
{
    /// <summary>The most fields that are read; no real mail carries more, and later ones are ignored.</summary>
    public const int MaxFields = 1000;

    /// <summary>Scans the header block at the start of the bytes.</summary>
    /// <param name="message">A message, or a part of one.</param>
    /// <param name="fields">Receives the fields in order.</param>
    /// <returns>The offset at which the body begins.</returns>
    public static int Scan(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return ScanBlock(message, fields, Leniency.None);
    }

    /// <summary>
    /// Scans a header that other servers damaged while returning it: a line that is not a field continues the field
    /// before it, and only an empty line ends the header.
    /// </summary>
    /// <param name="message">A returned message, or its header.</param>
    /// <param name="fields">Receives the fields in order.</param>
    /// <returns>The offset at which the body begins.</returns>
    internal static int ScanLoose(ReadOnlySpan<byte> message, List<HeaderField> fields) => ScanBlock(message, fields, Leniency.AnyFold);

    /// <summary>Scans a part's header: parameters on a fold that lost its white space still belong to their field.</summary>
    internal static int ScanPart(ReadOnlySpan<byte> part, List<HeaderField> fields) => ScanBlock(part, fields, Leniency.ParameterFold);

    /// <summary>
    /// Scans the header of a message that was damaged on its way: a byte order mark or empty lines before the header
    /// are skipped, and a line that is not a field does not end the header if well-known fields follow before the next
    /// empty line.
    /// </summary>
    /// <param name="message">A whole message.</param>
    /// <param name="fields">Receives the fields in order.</param>
    /// <param name="damage">The first damaged line, or null for a sound header.</param>
    /// <returns>The offset at which the body begins.</returns>
    /// <remarks>
    /// Use it only to classify a message. Code that trusts or renames fields uses <see cref="Scan"/>, which reads as
    /// mail servers do.
    /// </remarks>
    public static int ScanDamaged(ReadOnlySpan<byte> message, List<HeaderField> fields, out HeaderDamage? damage) =>
        ScanBoth(message, fields, out damage).BodyStart;

    /// <summary>Scans a header as <see cref="ScanDamaged"/> and <see cref="Scan"/> do, in one pass.</summary>
    /// <param name="message">A whole message.</param>
    /// <param name="fields">Empty; receives the fields as <see cref="ScanDamaged"/> finds them.</param>
    /// <param name="damage">The first damaged line, or null for a sound header.</param>
    /// <returns>Where the body begins, and the result of <see cref="Scan"/>: the same list unless the header is damaged
    /// and was read further.</returns>
    internal static (int BodyStart, List<HeaderField> StrictFields, int StrictBodyStart) ScanBoth(
        ReadOnlySpan<byte> message, List<HeaderField> fields, out HeaderDamage? damage)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var at = DamagedHeader.Start(message);
        damage = at > 0 ? new(1, IsCut: false) : null;
        var end = ScanBlock(message, fields, Leniency.None, at);
        var (strict, strictEnd) = (fields, end);
        if (at > 0)
        {
            // Scan() stops at whatever stands in front of the header, so only the first line has to be read again.
            strict = [];
            strictEnd = ScanBlock(message, strict, Leniency.None);
        }

        for (var tries = 0; tries < DamagedHeader.MaxBrokenLines && DamagedHeader.Breaks(message, end, at); tries++)
        {
            var next = DamagedHeader.NextField(message, end);
            if (next < 0)
            {
                // A first line that is not a field, with no field behind it: text without a header.
                damage = fields.Count == 0 ? damage : new(DamagedHeader.LineNumber(message, end), IsCut: true);
                break;
            }

            damage ??= new(DamagedHeader.LineNumber(message, end), IsCut: false);
            strict = ReferenceEquals(strict, fields) ? [.. fields] : strict;
            Continue(fields, fields.Count - 1, end + WithoutEnd(message[end..next]).Length);
            end = ScanBlock(message, fields, Leniency.None, next);
        }

        return (end, strict, strictEnd);
    }

    private static int ScanBlock(ReadOnlySpan<byte> message, List<HeaderField> fields, Leniency damage, int at = 0)
    {
        // A leading "From " line is the mbox separator, not a field.
        at = message[at..].StartsWith("From "u8) || message[at..].StartsWith(">From "u8) ? LineEnd(message, at) : at;
        var last = -1;
        while (at < message.Length)
        {
            var end = LineEnd(message, at);
            var line = WithoutEnd(message[at..end]);
            if (line.IsEmpty)
            {
                return end;
            }

            if (line[0] is (byte)' ' or (byte)'\t')
            {
                Continue(fields, last, at + line.Length);
            }
            else if (fields.Count < MaxFields && NameLength(line) is > 0 and var length)
            {
                var colon = line.IndexOf((byte)':');
                last = fields.Count;
                fields.Add(new(at, length, at + colon + 1, line.Length - colon - 1));
            }
            else if (last >= 0
                && (damage == Leniency.AnyFold || (damage == Leniency.ParameterFold && EndsInSemicolon(fields[last], message))))
            {
                Continue(fields, last, at + line.Length);
            }
            else
            {
                return at;
            }

            at = end;
        }

        return message.Length;
    }

    private static bool EndsInSemicolon(HeaderField field, ReadOnlySpan<byte> message) =>
        field.RawBody(message).TrimEnd(" \t\r"u8).EndsWith(";"u8);

    private static void Continue(List<HeaderField> fields, int last, int end)
    {
        if (last >= 0)
        {
            fields[last] = fields[last] with { BodyLength = end - fields[last].BodyStart };
        }
    }

    /// <summary>The first field of that name, or null.</summary>
    /// <param name="fields">What <see cref="Scan"/> found.</param>
    /// <param name="message">The bytes it scanned.</param>
    /// <param name="name">The name, in any case.</param>
    public static HeaderField? Find(this List<HeaderField> fields, ReadOnlySpan<byte> message, ReadOnlySpan<byte> name)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var field in fields)
        {
            if (field.Is(message, name))
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>The unfolded body of the first field of that name, or null.</summary>
    /// <param name="fields">What <see cref="Scan"/> found.</param>
    /// <param name="message">The bytes it scanned.</param>
    /// <param name="name">The name, in any case.</param>
    public static string? Text(this List<HeaderField> fields, ReadOnlySpan<byte> message, ReadOnlySpan<byte> name) =>
        fields.Find(message, name)?.Body(message);

    /// <summary>Returns the offset just behind the line that begins at <paramref name="at"/>.</summary>
    /// <param name="message">The bytes.</param>
    /// <param name="at">Where the line begins.</param>
    internal static int LineEnd(ReadOnlySpan<byte> message, int at)
    {
        var lf = message[at..].IndexOf((byte)'\n');
        return lf < 0 ? message.Length : at + lf + 1;
    }

    internal static ReadOnlySpan<byte> WithoutEnd(ReadOnlySpan<byte> line)
    {
        if (line.EndsWith("\n"u8))
        {
            line = line[..^1];
        }

        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    // RFC 5322 §2.2: a name is printable ASCII without colon; §4.5.8 lets old mail put white space before the colon.
    internal static int NameLength(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return 0;
        }

        var name = line[..colon].TrimEnd(" \t"u8);
        return name.IndexOfAnyExceptInRange((byte)33, (byte)126) < 0 ? name.Length : 0;
    }

    // How to treat a line that is neither a field nor a continuation.
    private enum Leniency
    {
        None,
        ParameterFold,
        AnyFold,
    }
}
