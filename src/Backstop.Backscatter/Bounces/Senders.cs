using System.Buffers;
using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Bounces;

/// <summary>A set of words, any of which may stand anywhere in a text, in any case.</summary>
internal sealed class AnyOf(IEnumerable<string> words)
{
    private readonly SearchValues<string> _words = SearchValues.Create([.. words], StringComparison.OrdinalIgnoreCase);

    public bool Has(string text) => text.Length > 0 && text.AsSpan().ContainsAny(_words);
}

/// <summary>Recognises senders of automatic mail by their names and fields: <c>senders.tsv</c>.</summary>
internal static class Senders
{
    private static readonly List<string[]> _rows = TableFile.Read("senders.tsv");
    private static readonly HashSet<string> _serverLocalParts = new(Words("daemon", "local"), StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> _scannerLocalParts = new(Words("scanner", "local"), StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> _daemonLocalParts = new(
        [.. _serverLocalParts, .. _scannerLocalParts, .. Words("daemon", "local~")], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> _administrators = new(Words("administrator", "local"), StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _isServer =
        _serverLocalParts.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _isScanner =
        _scannerLocalParts.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _isDaemon =
        _daemonLocalParts.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _isAdministrator =
        _administrators.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly string[] _listEnds = ["-request", "-owner", "-bounces", "-help"];
    private static readonly AnyOf _daemonNames = new(Words("daemon", "name"));

    // Grouped by their third octet in lower case, because most begin with X-: most fields of a message match no group.
    // Every name is longer than that (TableTests).
    private static readonly (byte[] Name, WordingHit Hit)[][] _fields = ByStart(_rows.Where(r => r[1] == "field")
        .Select(r => (Encoding.ASCII.GetBytes(r[2]), new WordingHit(MailKindWord.Parse(r[0])!.Value, r[3], r[2], WordPlace.Field))));

    /// <summary>Names of mail scanners that nothing else has.</summary>
    public static AnyOf Scanners { get; } = new(Words("scanner", "name"));

    /// <summary>Names of makers of scanners, and words for a scanner, which shops, offices and people use too.</summary>
    public static AnyOf ScannerWords { get; } = new(Words("scanner", "name~"));

    /// <summary>Mail programs of people.</summary>
    public static AnyOf PersonMailers { get; } = new(Words("person", "mailer"));

    /// <summary>Names that only a mail server may use.</summary>
    public static AnyOf Disguises { get; } = new([.. Words("daemon", "name"), .. Words("disguise", "name")]);

    /// <summary>Whether it is the address or name of a mail server's own mail.</summary>
    public static bool IsDaemon(string? address, string text) =>
        _isDaemon.Contains(LocalPart(address)) || _daemonNames.Has(text) || text.EndsWith("<>", StringComparison.Ordinal);

    /// <summary>Whether it is mailer-daemon, from which no person writes, unlike postmaster.</summary>
    public static bool IsMailerDaemon(string? address) => LocalPart(address).Equals("mailer-daemon", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether it is an address of a mail server or its administrator: mailer-daemon, postmaster and the like.
    /// </summary>
    public static bool IsServerAddress(string? address) => _isServer.Contains(LocalPart(address));

    /// <summary>Whether it is an address of a virus or content scanner.</summary>
    public static bool IsScannerAddress(string? address) => _isScanner.Contains(LocalPart(address));

    /// <summary>Whether it is an address that gets a server's own notices.</summary>
    public static bool IsAdministrator(string address) => _isAdministrator.Contains(LocalPart(address));

    /// <summary>
    /// Whether it is a list's address for commands, its owner or bounces, such as <c>news-request@</c>, from which the
    /// list server writes.
    /// </summary>
    public static bool IsListServer(string? address)
    {
        var local = LocalPart(address);
        foreach (var end in _listEnds)
        {
            if (local.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<char> LocalPart(string? address)
    {
        var at = address?.LastIndexOf('@') ?? -1;
        return address.AsSpan(0, at < 0 ? address?.Length ?? 0 : at);
    }

    /// <summary>
    /// Returns the first field that reveals the kind. In the table a name may end in * for any ending, or continue with
    /// a colon and the beginning of the body.
    /// </summary>
    public static WordingHit? FindField(ReadOnlySpan<byte> message, List<HeaderField> fields)
    {
        foreach (var field in fields)
        {
            foreach (var (name, hit) in _fields[Start(field.Name(message))])
            {
                if (Matches(field, message, name))
                {
                    return hit;
                }
            }
        }

        return null;
    }

    private static (byte[] Name, WordingHit Hit)[][] ByStart(IEnumerable<(byte[] Name, WordingHit Hit)> fields)
    {
        var byStart = fields.ToLookup(f => Start(f.Name));
        return [.. Enumerable.Range(0, 256).Select(i => byStart[i].ToArray())];
    }

    private static int Start(ReadOnlySpan<byte> name) => name.Length < 3 ? 0 : name[2] | 0x20;

    private static bool Matches(HeaderField field, ReadOnlySpan<byte> message, ReadOnlySpan<byte> wanted)
    {
        var colon = wanted.IndexOf((byte)':');
        if (colon > 0)
        {
            return field.Is(message, wanted[..colon])
                && StartsWith(field.RawBody(message).Trim(" \t"u8), wanted[(colon + 1)..].Trim((byte)' '));
        }

        return wanted[^1] == (byte)'*' ? StartsWith(field.Name(message), wanted[..^1]) : field.Is(message, wanted);
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> wanted) =>
        text.Length >= wanted.Length && Ascii.EqualsIgnoreCase(text[..wanted.Length], wanted);

    private static IEnumerable<string> Words(string what, string place) =>
        _rows.Where(r => r[0] == what && r[1] == place).Select(r => r[2]);
}
