namespace Backstop.Mailboxes.Runs;

/// <summary>Recognises a message of an mbox after a mail program has added its own fields to it.</summary>
public static class MboxKey
{
    private const int MaxCounted = 64 * 1024;

    /// <summary>
    /// How much of a message to read: enough for everything that counts, even with long fields of mail programs.
    /// </summary>
    public const int MaxRead = 4 * MaxCounted;

    // Fields that mail programs write into an mbox: flags, numbers, lengths. In lower case.
    private static readonly byte[][] _ofPrograms =
        [
            "status:"u8.ToArray(), "x-status:"u8.ToArray(), "x-keywords:"u8.ToArray(), "x-uid:"u8.ToArray(), "x-imap"u8.ToArray(),
            "x-mozilla-"u8.ToArray(), "content-length:"u8.ToArray(), "lines:"u8.ToArray(),
        ];

    /// <summary>Returns the key of a message.</summary>
    /// <param name="raw">The message with its separator; its first 64 KiB count.</param>
    public static uint Of(ReadOnlySpan<byte> raw)
    {
        var key = Crc32C.Start;
        var room = MaxCounted;
        var isSkipped = false;
        while (raw.IndexOf((byte)'\n') + 1 is > 0 and var end && room >= end && !raw.StartsWith("\n"u8) && !raw.StartsWith("\r\n"u8))
        {
            var line = raw[..end];
            isSkipped = line[0] is (byte)' ' or (byte)'\t' ? isSkipped : IsOfProgram(line);
            if (!isSkipped)
            {
                key = Crc32C.Add(key, line);
                room -= end;
            }

            raw = raw[end..];
        }

        // The number of line ends in front of the next separator does not count.
        raw = raw.TrimEnd("\r\n"u8);
        return Crc32C.Add(key, raw.Length > room ? raw[..room] : raw);
    }

    private static bool IsOfProgram(ReadOnlySpan<byte> line)
    {
        foreach (var name in _ofPrograms)
        {
            if (line.Length >= name.Length && System.Text.Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return true;
            }
        }

        return false;
    }
}
