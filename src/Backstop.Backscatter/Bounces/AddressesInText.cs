namespace Backstop.Backscatter.Bounces;

/// <summary>
/// The addresses in a report's text that may belong to failed recipients; without those of the reader, the sender and
/// mail servers.
/// </summary>
/// <param name="Placed">Addresses where servers put a failed recipient.</param>
/// <param name="Elsewhere">The other addresses.</param>
internal sealed record AddressesInText(List<string> Placed, List<string> Elsewhere)
{
    /// <summary>Whether a server's reply stands next to such an address; a number in a letter is not a reply.</summary>
    public bool HasReply { get; set; }
}
