using Backstop.Backscatter.Proofs;

namespace Backstop.Judging;

/// <summary>A forward-path that belongs to a mailbox, or to several by an alias.</summary>
/// <param name="Mailbox">The mailbox that gets its mail; of an alias the first, or the one that a copy is for.</param>
/// <param name="IsRole">Whether it is postmaster@ or abuse@, which always reach a person.</param>
/// <param name="Tag">Its envelope tag, or null.</param>
/// <param name="Key">The address without tag and detail, as a key.</param>
internal sealed record KnownRecipient(Mailbox Mailbox, bool IsRole, BatvTag? Tag, string Key)
{
    // As many as are looked for in the journal at once.
    private const int MaxOurs = 50;

    /// <summary>All mailboxes that get its mail; more than one for some aliases.</summary>
    public IReadOnlyList<Mailbox> Mailboxes { get => field ?? [Mailbox]; init; }

    /// <summary>The alias that led to the mailboxes, as a key: an address, or <c>@domain</c>; empty where none did.</summary>
    public string Alias { get; init; } = "";

    /// <summary>Whether the address is not one of the mailbox's own.</summary>
    public bool IsAlias => Alias.Length > 0;

    /// <summary>
    /// Who is written to, as a key: the mailbox's main address; of an alias of several mailboxes, the alias; if another server keeps the
    /// mailbox, the address without detail.
    /// </summary>
    public string Person => Mailboxes.Count > 1 ? Alias : Owner;

    /// <summary>Whose mailbox the copy is for, as a key.</summary>
    public string Owner => Mailbox.Path.Length > 0 ? Mailbox.Keys[0] : Mailbox.Keys[^1];

    /// <summary>All addresses of its mailboxes, the one the mail was sent to first; of many mailboxes the first fifty.</summary>
    public IReadOnlyList<string> Ours => Mailboxes.Count > 1
        ? [.. Mailboxes.SelectMany(m => m.Keys).Prepend(Key).Distinct(StringComparer.Ordinal).Take(MaxOurs)]
        : Mailbox.Keys[0] == Key ? Mailbox.Keys
        : [Key, .. Mailbox.Keys.Where(k => k != Key)];
}
