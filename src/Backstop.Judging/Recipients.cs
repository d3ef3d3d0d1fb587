using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Mailboxes;

namespace Backstop.Judging;

/// <summary>
/// Finds the mailboxes of a recipient: addresses, aliases, details, catch-alls and roles. An unknown recipient is refused
/// at RCPT.
/// </summary>
internal sealed class Recipients
{
    private readonly Dictionary<string, Mailbox> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Mailbox> _catchAll = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<MailAddress>> _aliases = new(StringComparer.Ordinal);
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
                _catchAll["@" + MailAddress.DomainKey(alias[1..])] = mailbox;
            }
        }

        foreach (var (alias, targets) in options.Aliases)
        {
            _aliases[AliasChecks.KeyOf(alias)!] =
                [.. targets.Select(t => t.StartsWith('@') ? new MailAddress("", t[1..]) : MailAddress.TryParse(t)!)];
        }
    }

    /// <summary>All mailboxes.</summary>
    public IReadOnlyList<Mailbox> Mailboxes { get; }

    /// <summary>Whether mail for a domain is accepted here.</summary>
    /// <param name="domain">The domain as written.</param>
    public bool IsLocalDomain(string domain) => domain.Length == 0 || _domains.Contains(MailAddress.DomainKey(domain));

    /// <summary>Returns the mailboxes of a forward-path; null for none.</summary>
    /// <param name="address">The address; a bare postmaster has no domain.</param>
    public KnownRecipient? Find(MailAddress address)
    {
        var (plain, tag) = Untagged(address);
        var expansion = new AliasExpansion(plain);
        while (expansion.Next() is { } next)
        {
            expansion.Take(ByAddress(next, expansion) ?? ByDomain(next, expansion));
        }

        return Known(expansion, tag);
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
        var (plain, _) = Untagged(address);
        return Named(plain.Key) ?? (WithoutDetail(plain) is { } person ? Named(person.Key) : null);
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
        return Elsewhere(plain) with { IsRole = MailAddress.IsRoleName(plain.LocalPart), Tag = tag };
    }

    /// <summary>Makes a recipient on another server: its address is known, but nothing is kept for it.</summary>
    /// <param name="address">The forward-path's address.</param>
    public static KnownRecipient Elsewhere(MailAddress address)
    {
        List<string> keys = WithoutDetail(address) is { } person ? [address.Key, person.Key] : [address.Key];
        return new(new(address, FolderFormat.Maildir, "", keys, ""), false, null, address.Key);
    }

    // An address that is configured literally takes precedence over any interpretation of its parts.
    private (MailAddress Plain, BatvTag? Tag) Untagged(MailAddress address) =>
        !_byKey.ContainsKey(address.Key) && !_aliases.ContainsKey(address.Key) && BatvTag.TryParse(address) is { } tag
            ? (tag.Original, tag)
            : (address, null);

    private static KnownRecipient? Known(AliasExpansion expansion, BatvTag? tag) =>
        expansion is { First: { } first, Mailboxes: [var mailbox, ..] and var all, IsTooLarge: false }
            ? new(mailbox, first.IsRole, tag, first.Key) { Mailboxes = all, Alias = first.Alias }
            : null;

    // What has the address itself, or the address without detail.
    private AddressHit? ByAddress(MailAddress address, AliasExpansion expansion)
    {
        for (var form = address; form is not null; form = WithoutDetail(form))
        {
            var isRole = MailAddress.IsRoleName(form.LocalPart);
            if (_aliases.TryGetValue(form.Key, out var targets) && !expansion.CameBy(form.Key))
            {
                return new(form.Key, null) { Alias = form.Key, Targets = targets, IsRole = isRole };
            }

            if (_byKey.TryGetValue(form.Key, out var mailbox))
            {
                return new(form.Key, mailbox) { IsRole = isRole };
            }
        }

        return null;
    }

    // RFC 5321 §4.5.1: postmaster of every domain, and without a domain. RFC 2142 §4: abuse.
    private AddressHit? ByRole(MailAddress address) =>
        _postmaster is not null && MailAddress.IsRoleName(address.LocalPart) && IsLocalDomain(address.Domain)
            ? new(address.Key, _postmaster) { IsRole = true }
            : null;

    // What takes addresses that nothing else has.
    private AddressHit? ByDomain(MailAddress address, AliasExpansion expansion)
    {
        if (ByRole(address) is { } role)
        {
            return role;
        }

        var key = "@" + MailAddress.DomainKey(address.Domain);
        return _aliases.TryGetValue(key, out var targets) && !expansion.CameBy(key)
            ? new(address.Key, null) { Alias = key, Targets = targets }
            : _catchAll.TryGetValue(key, out var mailbox) ? new(address.Key, mailbox)
            : null;
    }

    // RFC 5233: user+detail.
    private static MailAddress? WithoutDetail(MailAddress address)
    {
        var plus = address.LocalPart.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 ? new(address.LocalPart[..plus], address.Domain) : null;
    }

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
