using Backstop.Backscatter.Bounces;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// Checks whether a returned message claims to have passed a host of ours. Anybody can write such a line, so it proves
/// nothing; but few forgers do, and a report with one is filed rather than refused.
/// </summary>
/// <param name="hosts">Names of our hosts that send mail, in any case.</param>
public sealed class ReceivedChain(IReadOnlyCollection<string> hosts)
{
    /// <summary>Searches for one of our hosts behind "by": behind "from" the client only states its own name.</summary>
    /// <param name="returned">The returned message.</param>
    /// <returns>At most a hint: the result is none, and the detail says what was found.</returns>
    internal (Proof Proof, bool IsHint) Read(ReturnedMessage returned)
    {
        ArgumentNullException.ThrowIfNull(returned);
        foreach (var field in returned.Received)
        {
            foreach (var host in hosts)
            {
                if (IsBy(field, host))
                {
                    return (new("received", ProofResult.None, $"says it passed {host}; anybody can write that"), true);
                }
            }
        }

        return (new("received", ProofResult.None, returned.Received.Count == 0 ? "" : "names no host of ours"), false);
    }

    // RFC 5321 §4.4: "by" domain, as a word of its own.
    private static bool IsBy(string field, string host)
    {
        var at = field.IndexOf("by " + host, StringComparison.OrdinalIgnoreCase);
        if (host.Length == 0 || at < 0 || (at > 0 && !char.IsWhiteSpace(field[at - 1])))
        {
            return false;
        }

        var end = at + 3 + host.Length;
        return end >= field.Length || !(char.IsAsciiLetterOrDigit(field[end]) || field[end] is '.' or '-');
    }
}
