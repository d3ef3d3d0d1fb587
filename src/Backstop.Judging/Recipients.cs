using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Posix;

namespace Backstop.Judging;

/// <summary>A mailbox.</summary>
/// <param name="Address">Its main address.</param>
/// <param name="Format">Maildir or mbox.</param>
/// <param name="Path">Absolute.</param>
/// <param name="Keys">All its addresses as keys, the main one first.</param>
/// <param name="Recipes">The absolute path of its rcfile; empty for none.</param>
internal sealed record Mailbox(MailAddress Address, FolderFormat Format, string Path, IReadOnlyList<string> Keys, string Recipes)
{
    private readonly FolderRef _inbox = new(Format, Path, FolderRef.Inbox);

    /// <summary>The system user that it is written as; null for the user of the server.</summary>
    public UserAccount? User { get; init; }

    /// <summary>Returns one of its folders.</summary>
    /// <param name="name">INBOX or a folder's name.</param>
    public FolderRef Folder(string name) => name == FolderRef.Inbox ? _inbox : new(Format, Path, name);
}

/// <summary>A forward-path that belongs to a mailbox.</summary>
/// <param name="Mailbox">The mailbox that gets its mail.</param>
/// <param name="IsRole">Whether it is postmaster@ or abuse@, which always reach a person.</param>
/// <param name="Tag">Its envelope tag, or null.</param>
/// <param name="Key">The address without tag and detail, as a key.</param>
internal sealed record KnownRecipient(Mailbox Mailbox, bool IsRole, BatvTag? Tag, string Key)
{
    /// <summary>
    /// The key of the person: the mailbox's main address, or if another server keeps the mailbox, the address without
    /// detail.
    /// </summary>
    public string Person => Mailbox.Path.Length > 0 ? Mailbox.Keys[0] : Mailbox.Keys[^1];

    /// <summary>All addresses of its mailbox, the one the mail was sent to first.</summary>
    public IReadOnlyList<string> Ours => Mailbox.Keys[0] == Key ? Mailbox.Keys : [Key, .. Mailbox.Keys.Where(k => k != Key)];
}

/// <summary>
/// Finds the mailbox of a recipient: addresses, aliases, details, catch-alls and roles. An unknown recipient is refused
/// at RCPT.
/// </summary>
internal sealed class Recipients
{
    private readonly Dictionary<string, Mailbox> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Mailbox> _catchAll = new(StringComparer.Ordinal);
    private readonly HashSet<string> _domains;
    private readonly Mailbox? _postmaster;

    /// <summary>Builds the tables from a checked configuration.</summary>
    /// <param name="options">The configuration.</param>
    public Recipients(BackstopOptions options)
    {
        _domains = options.Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        var mailboxes = options.Mailboxes.Select(m => Make(options, m.Key, m.Value)).ToList();
        Mailboxes = mailboxes;
        _postmaster = mailboxes.Find(m => m.Address.Equals(MailAddress.TryParse(options.Postmaster))) ?? mailboxes.FirstOrDefault();
        foreach (var (mailbox, settings) in mailboxes.Zip(options.Mailboxes.Values))
        {
            foreach (var key in mailbox.Keys)
            {
                _byKey[key] = mailbox;
            }

            foreach (var alias in settings.Aliases.Where(a => a.StartsWith('@')))
            {
                _catchAll[MailAddress.DomainKey(alias[1..])] = mailbox;
            }
        }
    }

    /// <summary>All mailboxes.</summary>
    public IReadOnlyList<Mailbox> Mailboxes { get; }

    /// <summary>Whether mail for a domain is accepted here.</summary>
    /// <param name="domain">The domain as written.</param>
    public bool IsLocalDomain(string domain) => domain.Length == 0 || _domains.Contains(MailAddress.DomainKey(domain));

    /// <summary>Returns the mailbox of a forward-path, or null.</summary>
    /// <param name="address">The address; a bare postmaster has no domain.</param>
    public KnownRecipient? Find(MailAddress address)
    {
        // An address that is configured literally takes precedence over any interpretation of its parts.
        if (_byKey.TryGetValue(address.Key, out var exact))
        {
            return new(exact, IsRoleName(address.LocalPart), null, address.Key);
        }

        var tag = BatvTag.TryParse(address);
        var plain = tag?.Original ?? address;
        return FindPlain(plain, tag) ?? FindPlain(WithoutDetail(plain), tag) ?? FindRole(plain) ?? FindCatchAll(plain, tag);
    }

    /// <summary>Returns the mailbox that has an address, as its main one or an alias; null for none.</summary>
    /// <param name="key">The address, as a key.</param>
    public Mailbox? Named(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>
    /// Returns the mailbox that has an address, whatever tag or detail it carries; null where only a catch-all or a role would take
    /// it.
    /// </summary>
    /// <param name="address">With or without tag and detail.</param>
    public Mailbox? FindNamed(MailAddress address)
    {
        var plain = BatvTag.TryParse(address)?.Original ?? address;
        return Named(address.Key) ?? (FindPlain(plain, null) ?? FindPlain(WithoutDetail(plain), null))?.Mailbox;
    }

    /// <summary>
    /// Returns the recipient of a forward-path if another server keeps the mailboxes: every address of our domains is
    /// accepted.
    /// </summary>
    /// <param name="address">The forward-path's address.</param>
    /// <returns>Null if its domain is not ours.</returns>
    public KnownRecipient? FindGuarded(MailAddress address)
    {
        if (!IsLocalDomain(address.Domain))
        {
            return null;
        }

        if (Find(address) is { } known)
        {
            return known;
        }

        var tag = BatvTag.TryParse(address);
        var plain = tag?.Original ?? address;
        return Elsewhere(plain) with { IsRole = IsRoleName(plain.LocalPart), Tag = tag };
    }

    /// <summary>Makes a recipient on another server: its address is known, but nothing is kept for it.</summary>
    /// <param name="address">The forward-path's address.</param>
    public static KnownRecipient Elsewhere(MailAddress address)
    {
        List<string> keys = WithoutDetail(address) is { } person ? [address.Key, person.Key] : [address.Key];
        return new(new(address, FolderFormat.Maildir, "", keys, ""), false, null, address.Key);
    }

    private KnownRecipient? FindPlain(MailAddress? address, BatvTag? tag) =>
        address is not null && _byKey.TryGetValue(address.Key, out var mailbox)
            ? new(mailbox, IsRoleName(address.LocalPart), tag, address.Key)
            : null;

    // RFC 5321 §4.5.1: postmaster of every domain, and without a domain. RFC 2142 §4: abuse.
    private KnownRecipient? FindRole(MailAddress address) =>
        _postmaster is not null && IsRoleName(address.LocalPart) && IsLocalDomain(address.Domain)
            ? new(_postmaster, true, null, address.Key)
            : null;

    private KnownRecipient? FindCatchAll(MailAddress address, BatvTag? tag) =>
        _catchAll.TryGetValue(MailAddress.DomainKey(address.Domain), out var mailbox) ? new(mailbox, false, tag, address.Key) : null;

    // RFC 5233: user+detail.
    private static MailAddress? WithoutDetail(MailAddress address)
    {
        var plus = address.LocalPart.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 ? new(address.LocalPart[..plus], address.Domain) : null;
    }

    private static bool IsRoleName(string localPart) =>
        localPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase) || localPart.Equals("abuse", StringComparison.OrdinalIgnoreCase);

    private static Mailbox Make(BackstopOptions options, string text, MailboxOptions settings)
    {
        var address = MailAddress.TryParse(text)!;
        var keys = settings.Aliases.Where(a => !a.StartsWith('@')).Select(a => MailAddress.TryParse(a)!.Key).Prepend(address.Key)
            .Distinct().ToList();
        var path = settings.Path.Length > 0
            ? settings.Path
            : Path.Combine(DataPaths.Mail(options), FileName(address), settings.Format == FolderFormat.Maildir ? "Maildir" : "mbox");
        return new(
            address, settings.Format, Path.GetFullPath(path), keys,
            settings.Recipes.Length > 0 ? Path.GetFullPath(settings.Recipes) : "")
        { User = MailboxUser.Of(settings) };
    }

    // The address comes from the configuration, but a slash in it must not lead out of the folder.
    private static string FileName(MailAddress address) => address.Key.Replace('/', '_');
}
