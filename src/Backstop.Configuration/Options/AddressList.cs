using Backstop.Mail;

namespace Backstop.Configuration.Options;

/// <summary>Addresses and whole domains, as a configuration lists them.</summary>
/// <param name="entries">Each an address, a domain, or a domain behind @.</param>
internal sealed class AddressList(IReadOnlyList<string> entries)
{
    private readonly HashSet<string> _keys =
        [.. entries.Select(e => MailAddress.TryParse(e)?.Key ?? MailAddress.DomainKey(e.TrimStart('@')))];

    /// <summary>Whether the address, with or without its detail, or its domain is in the list.</summary>
    /// <param name="address">An address without a tag.</param>
    public bool Has(MailAddress address) =>
        _keys.Count > 0 && (_keys.Contains(address.Key) || _keys.Contains(WithoutDetail(address).Key)
            || _keys.Contains(MailAddress.DomainKey(address.Domain)));

    // RFC 5233: user+detail.
    private static MailAddress WithoutDetail(MailAddress address) =>
        address.LocalPart.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus
            ? new(address.LocalPart[..plus], address.Domain)
            : address;
}
