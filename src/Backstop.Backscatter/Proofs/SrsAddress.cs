using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>The parts of an SRS address; nothing is checked.</summary>
/// <param name="IsGuarded">Whether it is SRS1, made by the second or a later forwarder.</param>
/// <param name="Hash">The hash as written.</param>
/// <param name="Stamp">SRS0: the day; empty for SRS1.</param>
/// <param name="Host">SRS0: the domain of the first sender; SRS1: the first forwarder.</param>
/// <param name="Local">SRS0: the local-part of the first sender; empty for SRS1.</param>
/// <param name="Remainder">The part that a later forwarder keeps: of SRS0 all behind its tag, with the separator; of
/// SRS1 all behind the host, with the separator.</param>
public sealed record SrsAddress(bool IsGuarded, string Hash, string Stamp, string Host, string Local, string Remainder)
{
    /// <summary>Parses an address; null if it is not an SRS address.</summary>
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

    /// <summary>The recipient of a bounce to this address: the first sender, or the first forwarder's SRS0 address.</summary>
    public MailAddress Original => IsGuarded ? new("SRS0" + Remainder, Host) : new(Local, Host);

    // HHHH=TT=host=local; the local-part may contain further separators.
    private static SrsAddress? Simple(string rest, string remainder)
    {
        var parts = rest.Split('=', 4);
        return parts.Length == 4 && parts.All(p => p.Length > 0) ? new(false, parts[0], parts[1], parts[2], parts[3], remainder) : null;
    }

    // HHHH=host and then the first forwarder's remainder, which begins with its separator.
    private static SrsAddress? Guarded(string rest)
    {
        var parts = rest.Split('=', 3);
        return parts.Length == 3 && parts.All(p => p.Length > 0) && parts[2][0] is ('=' or '+' or '-')
            ? new(true, parts[0], "", parts[1], "", parts[2])
            : null;
    }
}
