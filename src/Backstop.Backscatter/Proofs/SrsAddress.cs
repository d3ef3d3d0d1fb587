using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>An SRS address taken apart; nothing is checked.</summary>
/// <param name="IsGuarded">SRS1: made by the second forwarder or a later one.</param>
/// <param name="Hash">The hash as it stands.</param>
/// <param name="Stamp">SRS0: the day; empty for SRS1.</param>
/// <param name="Host">SRS0: the domain of the first sender; SRS1: the first forwarder.</param>
/// <param name="Local">SRS0: the local-part of the first sender; empty for SRS1.</param>
/// <param name="Remainder">What a later forwarder keeps: SRS0 behind its tag, with the separator; SRS1 behind the host, with the
/// separator.</param>
public sealed record SrsAddress(bool IsGuarded, string Hash, string Stamp, string Host, string Local, string Remainder)
{
    /// <summary>Takes an address apart, or gives null where it is no SRS address.</summary>
    /// <param name="address">A forward-path's address.</param>
    public static SrsAddress? TryParse(MailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var local = address.LocalPart;
        if (local.Length < 6 || !local.StartsWith("SRS", StringComparison.OrdinalIgnoreCase) || local[3] is not ('0' or '1')
            || local[4] is not ('=' or '+' or '-'))
        {
            return null;
        }

        var rest = local[5..];
        return local[3] == '0' ? Simple(rest, local[4..]) : Guarded(rest);
    }

    /// <summary>Where a bounce to this address belongs: the first sender, or the first forwarder's SRS0 address.</summary>
    public MailAddress Original => IsGuarded ? new("SRS0" + Remainder, Host) : new(Local, Host);

    // HHHH=TT=host=local; the local-part may hold more of them.
    private static SrsAddress? Simple(string rest, string remainder)
    {
        var parts = rest.Split('=', 4);
        return parts.Length == 4 && parts.All(p => p.Length > 0) ? new(false, parts[0], parts[1], parts[2], parts[3], remainder) : null;
    }

    // HHHH=host and then the first forwarder's remainder, which begins with its own separator.
    private static SrsAddress? Guarded(string rest)
    {
        var parts = rest.Split('=', 3);
        return parts.Length == 3 && parts.All(p => p.Length > 0) && parts[2][0] is ('=' or '+' or '-')
            ? new(true, parts[0], "", parts[1], "", parts[2])
            : null;
    }
}
