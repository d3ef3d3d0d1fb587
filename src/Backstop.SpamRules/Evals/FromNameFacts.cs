using System.Text.RegularExpressions;
using Backstop.SpamRules.Messages;
using Backstop.SpamRules.Patterns;

namespace Backstop.SpamRules.Evals;

/// <summary>An address shown as the name of the sender, beside the sender's own (Plugin/FromNameSpoof.pm).</summary>
internal sealed class FromNameFacts
{
    private const int MaxTries = 100;
    private const int MaxDepth = 2;

    private static readonly PerlRegex _address = new("\\b([\\w.!#$%&'*+/=?^_`{|}~-]+@\\w[\\w-]*\\.\\w[\\w.-]+)", RegexOptions.IgnoreCase);
    private static readonly PerlRegex _parts = new("^([^@]+)@(.+)$");

    public bool HasAddress { get; private set; }

    public bool AddressDiffers { get; private set; }

    public bool DomainDiffers { get; private set; }

    public bool OwnerDiffers { get; private set; }

    public bool IsReplyTo { get; private set; }

    public bool IsRecipient { get; private set; }

    public Dictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    public static FromNameFacts Of(MessageScan scan) => scan.Remember("from_name", () =>
    {
        var facts = new FromNameFacts();
        facts.Find(scan);
        return facts;
    });

    private void Find(MessageScan scan)
    {
        var settings = scan.Settings.Plugins.FromName;
        if (settings.IgnoredHeaders.Any(h => scan.Headers.One(h).Length > 0))
        {
            return;
        }

        string? Domain(string address) => scan.Settings.Boundaries.OfUri("mailto:" + address)?.Domain;
        var from = scan.Headers.One("From:addr").ToLowerInvariant();
        var name = scan.Headers.One("From:name").ToLowerInvariant();
        if (Domain(from) is not { } fromDomain || FindAddress(name) is not { } shown || Domain(shown) is not { } shownDomain)
        {
            return;
        }

        HasAddress = true;
        if (name.Length + Marks(name) - Marks(shown) - shown.Length > settings.ExtraCharacters)
        {
            return;
        }

        var (shownOwner, fromOwner) = (Owner(scan, shown, shownDomain), Owner(scan, from, fromDomain));
        (AddressDiffers, DomainDiffers, OwnerDiffers) = (shown != from, shownDomain != fromDomain, shownOwner != fromOwner);
        IsReplyTo = shown.Equals(scan.Headers.One("Reply-To:addr"), StringComparison.OrdinalIgnoreCase);
        IsRecipient = Senders.To(scan).Contains(shown);
        if (AddressDiffers || OwnerDiffers)
        {
            (Tags["FNSFNAMEADDR"], Tags["FNSFNAMEDOMAIN"], Tags["FNSFNAMEOWNER"]) = (shown, shownDomain, shownOwner);
            (Tags["FNSFADDRADDR"], Tags["FNSFADDRDOMAIN"], Tags["FNSFADDROWNER"]) = (from, fromDomain, fromOwner);
        }
    }

    /// <summary>The first address that ends in a word character; one followed by a full stop or a hyphen does not count.</summary>
    private static string? FindAddress(string name)
    {
        for (int at = 0, tries = 0; tries < MaxTries; tries++)
        {
            var match = _address.Match(name, at);
            if (!match.Success || char.IsAsciiLetterOrDigit(match.Value[^1]) || match.Value[^1] == '_')
            {
                return match.Success ? match.Value : null;
            }

            at = match.Index + match.Value.IndexOf('@', StringComparison.Ordinal) + 1;
        }

        return null;
    }

    private static int Marks(string text) => text.Count(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c));

    /// <summary>Who owns an address: a list of the site says so, or the first label of its domain.</summary>
    private static string Owner(MessageScan scan, string address, string domain, int depth = 0)
    {
        foreach (var (list, owner) in scan.Settings.Plugins.FromName.Owners)
        {
            if (scan.Settings.AddressLists.TryGetValue(list, out var addresses) && addresses.Contains(address))
            {
                return owner;
            }
        }

        return depth < MaxDepth && _parts.Match(address) is { Success: true } parts && parts.Groups[2].Value != domain
            ? Owner(scan, $"{parts.Groups[1].Value}@{domain}", domain, depth + 1)
            : domain.Split('.')[0] is { Length: > 0 } label ? label : domain;
    }
}
