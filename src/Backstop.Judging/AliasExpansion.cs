using Backstop.Configuration.Options;
using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>What one address stands for: a mailbox, or other addresses.</summary>
/// <param name="Key">The address as it was found: without detail, if it was found without.</param>
/// <param name="Mailbox">The mailbox; null for an alias.</param>
internal readonly record struct AddressHit(string Key, Mailbox? Mailbox)
{
    /// <summary>The alias, as a key: an address, or <c>@domain</c>; empty for a mailbox.</summary>
    public string Alias { get; init; } = "";

    /// <summary>The addresses that the alias stands for; empty for a mailbox.</summary>
    public IReadOnlyList<MailAddress> Targets { get; init; } = [];

    /// <summary>Whether the address is postmaster@ or abuse@.</summary>
    public bool IsRole { get; init; }
}

/// <summary>
/// Finds the mailboxes that an address leads to, over any aliases. Whoever uses it looks up each address that <see cref="Next"/> gives,
/// and hands over what it stands for. An alias is followed once, so that every expansion ends.
/// </summary>
internal sealed class AliasExpansion
{
    /// <summary>The most addresses that are looked up for one recipient.</summary>
    public const int MaxLookups = 500;

    private readonly Queue<Node> _open = new();
    private readonly HashSet<string> _followed = new(StringComparer.Ordinal);
    private readonly List<Mailbox> _mailboxes = [];
    private Node _now;
    private int _lookups;

    /// <summary>Begins with an address.</summary>
    public AliasExpansion(MailAddress address)
    {
        _now = new(address, null, "");
        _open.Enqueue(_now);
    }

    /// <summary>The mailboxes found so far, in the order of the lists; each once.</summary>
    public IReadOnlyList<Mailbox> Mailboxes => _mailboxes;

    /// <summary>What the address that it began with stands for; null while it was not found.</summary>
    public AddressHit? First { get; private set; }

    /// <summary>Whether there are more aliases in a row, addresses or mailboxes than are followed.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Addresses that no mailbox has, though an alias leads there.</summary>
    public List<MailAddress> Lost { get; } = [];

    /// <summary>
    /// Whether a whole domain led to another one that does not have the address: then it does not exist, as if it had been written there.
    /// </summary>
    public bool IsUnknown { get; private set; }

    /// <summary>Returns the next address to look up; null where there is none.</summary>
    public MailAddress? Next()
    {
        if (IsTooLarge || _open.Count == 0)
        {
            return null;
        }

        _now = _open.Dequeue();
        IsTooLarge = ++_lookups > MaxLookups;
        return IsTooLarge ? null : _now.Address;
    }

    /// <summary>Whether an alias led to the address that is looked up: behind it stands the mailbox with its address.</summary>
    /// <param name="alias">The alias as a key.</param>
    public bool CameBy(string alias)
    {
        for (var node = _now; node is not null; node = node.From)
        {
            if (node.Alias == alias)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes what the address stands for.</summary>
    /// <param name="found">Null for nothing.</param>
    public void Take(AddressHit? found)
    {
        if (_now.From is null)
        {
            First = found;
        }

        if (found is not { } hit)
        {
            IsUnknown |= _now.IsMapped;
            if (_now.From is not null && !_now.IsMapped)
            {
                Lost.Add(_now.Address);
            }

            return;
        }

        if (hit.Mailbox is { } mailbox)
        {
            Add(mailbox);
        }
        else if (_followed.Add(hit.Alias[0] == '@' ? $"{hit.Alias} {_now.Address.Key}" : hit.Alias))
        {
            Follow(hit);
        }
    }

    private void Add(Mailbox mailbox)
    {
        if (!_mailboxes.Contains(mailbox))
        {
            IsTooLarge |= _mailboxes.Count >= AliasChecks.MaxMailboxes;
            _mailboxes.Add(mailbox);
        }
    }

    private void Follow(AddressHit hit)
    {
        var depth = 0;
        for (var node = _now; node.From is not null; node = node.From)
        {
            depth++;
        }

        if (depth >= AliasChecks.MaxDepth)
        {
            IsTooLarge = true;
            return;
        }

        foreach (var target in hit.Targets)
        {
            // A target without local-part is a domain: "@new.example" keeps what was before the @.
            var isMapped = target.LocalPart.Length == 0;
            var next = isMapped ? new(_now.Address.LocalPart, target.Domain) : target;
            _open.Enqueue(new(next, _now, hit.Alias, isMapped));
        }
    }

    private sealed record Node(MailAddress Address, Node? From, string Alias, bool IsMapped = false);
}
