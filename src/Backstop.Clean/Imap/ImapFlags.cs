using MailKit;

namespace Backstop.Clean.Imap;

/// <summary>Formats system flags (RFC 3501 §2.3.2) in a run's log, one letter each, as Maildir does.</summary>
internal static class ImapFlags
{
    private static readonly (char Letter, MessageFlags Flag)[] _all =
    [
        ('S', MessageFlags.Seen), ('R', MessageFlags.Answered), ('F', MessageFlags.Flagged), ('D', MessageFlags.Draft),
        ('T', MessageFlags.Deleted),
    ];

    public static string Format(MessageFlags flags) => string.Concat(_all.Where(f => flags.HasFlag(f.Flag)).Select(f => f.Letter));

    public static MessageFlags Parse(string letters) =>
        _all.Where(f => letters.Contains(f.Letter, StringComparison.Ordinal)).Aggregate(MessageFlags.None, (flags, f) => flags | f.Flag);
}
