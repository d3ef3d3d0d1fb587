using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Posix;

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
    private readonly Dictionary<string, (DomainOptions Settings, UserAccount? User)> _defaults = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<IAddressTable> _files;
    private readonly IReadOnlyList<IAddressTable> _others;
    private readonly HashSet<string> _domains;
    private readonly Mailbox? _postmaster;
    private readonly TimeSpan _timeLimit;

    /// <summary>Takes the addresses of a checked configuration.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="tables">What is asked about other addresses at RCPT; null for nothing.</param>
    public Recipients(BackstopOptions options, IReadOnlyList<IAddressTable>? tables = null)
    {
        Tables = tables ?? [];
        _files = [.. Tables.Where(t => t.ComesFirst)];
        _others = [.. Tables.Where(t => !t.ComesFirst)];
        _timeLimit = options.Recipients.TimeLimit;
        _domains = options.Domains.Select(MailAddress.DomainKey).ToHashSet(StringComparer.Ordinal);
        foreach (var (domain, settings) in options.Domain.Where(d => d.Value.Path.Length > 0 && options.Recipients.Tables.Count > 0))
        {
            // Whose they are is asked once, as of the other mailboxes.
            _defaults[MailAddress.DomainKey(domain)] = (settings, MailboxUser.Of(new() { User = settings.User }));
        }

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

        foreach (var (_, alias, targets) in options.AllAliases())
        {
            _aliases[AliasChecks.KeyOf(alias)!] =
                [.. targets.Select(t => t.StartsWith('@') ? new MailAddress("", t[1..]) : MailAddress.TryParse(t)!)];
        }
    }

    /// <summary>All mailboxes.</summary>
    public IReadOnlyList<Mailbox> Mailboxes { get; }

    /// <summary>The tables outside the configuration.</summary>
    public IReadOnlyList<IAddressTable> Tables { get; }

    /// <summary>Whether mail for a domain is accepted here.</summary>
    /// <param name="domain">The domain as written.</param>
    public bool IsLocalDomain(string domain) => domain.Length == 0 || _domains.Contains(MailAddress.DomainKey(domain));

    /// <summary>Returns the mailboxes of a forward-path, by the configuration alone; null for none.</summary>
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

    /// <summary>Returns the mailboxes of a forward-path, by the configuration and the tables.</summary>
    /// <param name="address">The address; a bare postmaster has no domain.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the lookup.</param>
    public async ValueTask<RecipientLookup> FindAsync(MailAddress address, TimeProvider time, CancellationToken ct)
    {
        if (Tables.Count == 0 || address.Domain.Length == 0 || !IsLocalDomain(address.Domain))
        {
            return new(Find(address));
        }

        using var limit = new CancellationTokenSource(_timeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            return await FindAsync(address, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Find(address) is { IsRole: true } role ? new(role)
                : RecipientLookup.Silent($"no answer within {_timeLimit.TotalSeconds:0.###} s");
        }
    }

    private async ValueTask<RecipientLookup> FindAsync(MailAddress address, CancellationToken ct)
    {
        var (plain, tag) = Untagged(address);
        var expansion = new AliasExpansion(plain);
        while (expansion.Next() is { } next)
        {
            var (hit, trouble) = await LookUpAsync(next, expansion, ct);
            if (trouble is { } known)
            {
                return known;
            }

            expansion.Take(hit);
        }

        return RecipientLookup.Of(Known(expansion, tag), expansion);
    }

    // In order: aliases and files, mailboxes of the configuration, other tables, roles, what takes the rest of a domain.
    private async ValueTask<(AddressHit? Hit, RecipientLookup? Trouble)> LookUpAsync(
        MailAddress address, AliasExpansion expansion, CancellationToken ct)
    {
        RecipientLookup? trouble = null;
        for (var form = address; form is not null; form = WithoutDetail(form))
        {
            var (hit, silent) = AliasOf(form, expansion) is { } alias
                ? (alias, null)
                : await ByTablesAsync(form, form.Key, expansion, _files, ct);
            if ((hit is { Mailbox: null } ? hit : MailboxOf(form) ?? hit) is { } found)
            {
                return (found, null);
            }

            trouble ??= silent;
        }

        for (var form = address; form is not null && trouble is null; form = WithoutDetail(form))
        {
            (var hit, trouble) = await ByTablesAsync(form, form.Key, expansion, _others, ct);
            if (hit is not null)
            {
                return (hit, null);
            }
        }

        // A person is reached there whatever the tables say, or do not say.
        return trouble is not null ? ByRole(address) is { } role ? (role, null) : (null, trouble)
            : ByDomain(address, expansion) is { } rest ? (rest, null)
            : await ByTablesAsync(address, "@" + MailAddress.DomainKey(address.Domain), expansion, Tables, ct);
    }

    // What the tables say of an address or a domain; or why that cannot be told.
    private async ValueTask<(AddressHit? Hit, RecipientLookup? Trouble)> ByTablesAsync(
        MailAddress address, string key, AliasExpansion expansion, IReadOnlyList<IAddressTable> tables, CancellationToken ct)
    {
        var isDomain = key[0] == '@';
        foreach (var table in tables.Where(t => !isDomain || t.KnowsDomains))
        {
            var answer = await table.AskAsync(key, ct);
            if (answer.Trouble is { } trouble)
            {
                return (null, answer.IsWrong ? RecipientLookup.Wrong(trouble) : RecipientLookup.Silent($"{table.Name}: {trouble}"));
            }

            if (answer.Targets is { } targets)
            {
                return Hit(address, key, targets, expansion) is { } hit ? (hit, null)
                    : isDomain || _defaults.ContainsKey(MailAddress.DomainKey(address.Domain)) ? (null, null)
                    : (null, RecipientLookup.Wrong($"{table.Name} has {key}, but no mailbox has that address; add it to [mailboxes], or "
                        + $"set domain.\"{address.Domain}\".path"));
            }
        }

        return (null, null);
    }

    private AddressHit? Hit(MailAddress address, string key, IReadOnlyList<MailAddress> targets, AliasExpansion expansion)
    {
        var isDomain = key[0] == '@';
        if (targets.Count > 0 && !expansion.CameBy(key) && (targets.Count > 1 || targets[0].Key != key))
        {
            var isRole = !isDomain && MailAddress.IsRoleName(address.LocalPart);
            return new(address.Key, null) { Alias = key, Targets = targets, IsRole = isRole };
        }

        // A table that has a domain says of no address that it exists.
        return !isDomain && Default(address) is { } mailbox
            ? new(address.Key, mailbox) { IsRole = MailAddress.IsRoleName(address.LocalPart) }
            : null;
    }

    /// <summary>Returns the mailbox that has an address, as its main one or an alias; null for none.</summary>
    /// <param name="key">The address, as a key.</param>
    public Mailbox? Named(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>
    /// Returns the mailbox of an address that only a table knows: its place follows from the address and its domain's settings. Null where
    /// no such mailboxes are configured, or the address cannot have one.
    /// </summary>
    /// <param name="address">The address, without tag and detail.</param>
    public Mailbox? Default(MailAddress address) =>
        _defaults.TryGetValue(MailAddress.DomainKey(address.Domain), out var domain)
            && DomainOptions.PathOf(domain.Settings.Path, address) is { } path
            ? new(MailAddress.TryParse(address.Key)!, domain.Settings.Format, path, [address.Key], "") { User = domain.User }
            : null;

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
            if ((AliasOf(form, expansion) ?? MailboxOf(form)) is { } hit)
            {
                return hit;
            }
        }

        return null;
    }

    private AddressHit? AliasOf(MailAddress address, AliasExpansion expansion) =>
        _aliases.TryGetValue(address.Key, out var targets) && !expansion.CameBy(address.Key)
            ? new(address.Key, null) { Alias = address.Key, Targets = targets, IsRole = MailAddress.IsRoleName(address.LocalPart) }
            : null;

    private AddressHit? MailboxOf(MailAddress address) =>
        _byKey.TryGetValue(address.Key, out var mailbox)
            ? new(address.Key, mailbox) { IsRole = MailAddress.IsRoleName(address.LocalPart) }
            : null;

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
