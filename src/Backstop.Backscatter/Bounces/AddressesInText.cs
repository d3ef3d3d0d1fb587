namespace Backstop.Backscatter.Bounces;

/// <summary>The addresses in a report's text that may be of those it is about: not the reader's, the sender's or a mail server's.</summary>
/// <param name="Placed">Those that stand where servers put the one that failed.</param>
/// <param name="Elsewhere">The others.</param>
internal sealed record AddressesInText(List<string> Placed, List<string> Elsewhere)
{
    /// <summary>Whether a server's reply stands beside such an address: a number in a letter is no reply.</summary>
    public bool HasReply { get; set; }
}
