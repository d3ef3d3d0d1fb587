using System.Globalization;
using System.Text;
using Backstop.Mailboxes.Reading;
using Backstop.Posix;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Mailboxes.Maildir;

/// <summary>
/// The quota of a Maildir, where it has one: the file <c>maildirsize</c> of Maildir++, whose first line says how many octets (S) and
/// messages (C) may be there, and whose other lines add up to what is there. Every program that adds or removes mail appends a line.
/// </summary>
/// <param name="maildir">The mailbox's directory.</param>
/// <param name="time">The clock, for the age of the file.</param>
internal sealed class MaildirQuota(string maildir, TimeProvider time)
{
    // Maildir++: a larger file is written anew.
    private const int MaxFile = 5120;

    // Maildir++: a sum this old is made anew before mail is refused by it.
    private static readonly TimeSpan _fresh = TimeSpan.FromMinutes(15);

    private readonly string _file = Path.Combine(maildir, "maildirsize");

    /// <summary>Throws where a message has no room. Does nothing where the mailbox has no quota.</summary>
    /// <param name="size">The size of the message in octets.</param>
    /// <exception cref="IOException">The mailbox would be over its quota; its number is EDQUOT.</exception>
    public void Check(long size)
    {
        if (Read() is not { } sums || !sums.IsLimited)
        {
            return;
        }

        if (sums.MustBeMadeAnew || (!sums.HasRoom(size) && !sums.IsJustMade))
        {
            sums = Renew(sums);
        }

        if (!sums.HasRoom(size))
        {
            throw new IOException(
                $"{maildir}: over quota: {sums.Size} octets in {sums.Count} messages, and maildirsize allows {sums.Definition}",
                Libc.OverQuota);
        }
    }

    /// <summary>Counts a message that was added. Does nothing where the mailbox has no quota.</summary>
    /// <param name="size">The size of the message in octets.</param>
    public void Added(long size)
    {
        // A line is shorter than what the kernel appends in one step, so lines of several programs do not mix.
        using var file = Libc.TryOpenToAppend(_file);
        if (file is not null)
        {
            var line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{size} 1\n"));
            _ = Libc.Write(file, ref line[0], line.Length);
        }
    }

    private Sums? Read()
    {
        if (Libc.TryOpenRegular(_file, followLinks: false, out var file, out _) != OpenResult.Opened)
        {
            return null;
        }

        using (file)
        {
            var octets = new byte[MaxFile + 1];
            var length = ReadAll(file!, octets);
            var lines = Encoding.Latin1.GetString(octets, 0, length).Split('\n');
            var sums = new Sums(lines[0].Trim())
            {
                IsYoung = time.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(file!)) < _fresh,
                IsTooLong = length > MaxFile,
            };
            foreach (var line in lines.Skip(1).Where(l => !string.IsNullOrWhiteSpace(l)))
            {
                sums.Add(line);
            }

            return sums;
        }
    }

    private static int ReadAll(SafeFileHandle file, byte[] octets)
    {
        var length = 0;
        for (int read; length < octets.Length && (read = RandomAccess.Read(file, octets.AsSpan(length), length)) > 0;)
        {
            length += read;
        }

        return length;
    }

    // What another program appends meanwhile is lost; a later sum finds it.
    private Sums Renew(Sums old)
    {
        var sums = new Sums(old.Definition) { IsYoung = true };
        foreach (var folder in Folders())
        {
            foreach (var file in MaildirTree.Parts.Select(p => Path.Combine(folder, p)).Where(Directory.Exists)
                .SelectMany(Directory.EnumerateFiles))
            {
                var name = Path.GetFileName(file);
                if (!MaildirTree.Flags(name).Contains('T'))
                {
                    sums.Add(SizeIn(name) ?? FileStatus.TryOf(file, followLinks: false, out _)?.Size ?? 0, 1);
                }
            }
        }

        Write(sums);
        return sums;
    }

    // Maildir++: what is in Trash does not count.
    private IEnumerable<string> Folders() => Directory.EnumerateDirectories(maildir, ".*")
        .Where(d => Path.GetFileName(d) != ".Trash" && MaildirTree.Is(d)).Prepend(maildir);

    private void Write(Sums sums)
    {
        var temporary = Path.Combine(maildir, "tmp", $"maildirsize.{Environment.ProcessId}.{Guid.NewGuid():N}");
        using var file = Libc.TryCreateNew(temporary, out _);
        if (file is null)
        {
            return;
        }

        try
        {
            RandomAccess.Write(
                file,
                Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sums.Definition}\n{sums.Size} {sums.Count}\n")), 0);
            File.Move(temporary, _file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The sum is right all the same; it is made again the next time.
            _ = Libc.Remove(temporary);
        }
    }

    private static long? SizeIn(string name)
    {
        var at = name.IndexOf(",S=", StringComparison.Ordinal);
        var end = at < 0 ? -1 : name.AsSpan(at + 3).IndexOfAnyExceptInRange('0', '9');
        return at >= 0 && long.TryParse(
            end < 0 ? name.AsSpan(at + 3) : name.AsSpan(at + 3, end), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? size
            : null;
    }

    private sealed class Sums
    {
        private readonly long _maxSize;
        private readonly long _maxCount;
        private int _lines;
        private bool _isDamaged;

        public Sums(string definition)
        {
            Definition = definition;
            foreach (var limit in definition.Split(','))
            {
                if (limit.Length > 1 && long.TryParse(limit[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    _maxSize = limit[^1] == 'S' ? number : _maxSize;
                    _maxCount = limit[^1] == 'C' ? number : _maxCount;
                }
            }
        }

        public string Definition { get; }

        public long Size { get; private set; }

        public long Count { get; private set; }

        public bool IsYoung { get; init; }

        public bool IsTooLong { get; init; }

        public bool IsLimited => _maxSize > 0 || _maxCount > 0;

        public bool MustBeMadeAnew => IsTooLong || _isDamaged;

        public bool IsJustMade => IsYoung && _lines <= 1;

        public bool HasRoom(long size) =>
            (_maxSize == 0 || (size <= _maxSize && Size <= _maxSize - size)) && (_maxCount == 0 || Count < _maxCount);

        public void Add(string line)
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.Length == 2 && Number(parts[0]) is { } size && Number(parts[1]) is { } count)
            {
                Add(size, (int)count);
                _lines++;
            }
            else
            {
                _isDamaged = true;
            }
        }

        public void Add(long size, int count) => (Size, Count) = (Size + size, Count + count);

        // Larger than any mailbox means that the line is damaged; and sums of such numbers would overflow.
        private static long? Number(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number is > -(1L << 50) and < 1L << 50 ? number : null;
    }
}
