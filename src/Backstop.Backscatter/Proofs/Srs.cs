using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// The sender rewriting scheme of libsrs2 and postsrsd: an envelope sender that proves, when a bounce comes back to it,
/// that our forwarder made it.
/// </summary>
/// <remarks>
/// <c>SRS0=HHHH=TT=domain=local@forwarder</c> and, after a second forwarder,
/// <c>SRS1=HHHH=first==HHHH=TT=domain=local@second</c>. HHHH is the beginning of the base64 of HMAC-SHA1 over the parts
/// in lower case, compared without case; TT is the day modulo 1024 in base32.
/// </remarks>
public sealed class Srs
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _secrets;
    private readonly int _hashLength;
    private readonly int _maxAgeDays;

    /// <summary>Sets the secrets: the first signs, all verify.</summary>
    /// <param name="secrets">The lines of postsrsd's secrets file.</param>
    /// <param name="hashLength">Characters of the hash; 4 is usual, and the least that is accepted.</param>
    /// <param name="maxAgeDays">How many days an address is valid; postsrsd: 21.</param>
    public Srs(IReadOnlyList<ReadOnlyMemory<byte>> secrets, int hashLength = 4, int maxAgeDays = 21)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hashLength, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hashLength, 26);
        ArgumentOutOfRangeException.ThrowIfNegative(maxAgeDays);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxAgeDays, 500);
        _secrets = secrets;
        _hashLength = hashLength;
        _maxAgeDays = maxAgeDays;
    }

    /// <summary>Whether there is a secret to check with.</summary>
    public bool HasSecret => _secrets.Count > 0;

    /// <summary>Returns the envelope sender for a forwarded message.</summary>
    /// <param name="sender">The original envelope sender; may be another forwarder's SRS address.</param>
    /// <param name="domain">The forwarder's own domain.</param>
    /// <param name="now">The time of forwarding.</param>
    public MailAddress Forward(MailAddress sender, string domain, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sender);
        switch (SrsAddress.TryParse(sender))
        {
            case { IsGuarded: false } inner:
                // The remainder keeps the first forwarder's separator, which causes the double =.
                return new($"SRS1={Hash(0, sender.Domain, inner.Remainder)}={sender.Domain}={inner.Remainder}", domain);
            case { IsGuarded: true } outer:
                return new($"SRS1={Hash(0, outer.Host, outer.Remainder)}={outer.Host}={outer.Remainder}", domain);
            default:
                var stamp = Stamp(now);
                return new($"SRS0={Hash(0, stamp, sender.Domain, sender.LocalPart)}={stamp}={sender.Domain}={sender.LocalPart}", domain);
        }
    }

    /// <summary>Checks the recipient of a bounce.</summary>
    /// <param name="address">The parts of the address.</param>
    /// <param name="now">The time of arrival.</param>
    public SignedOutcome Check(SrsAddress address, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (_secrets.Count == 0)
        {
            return SignedOutcome.None;
        }

        var isOurs = false;
        for (var i = 0; i < _secrets.Count; i++)
        {
            isOurs |= Matches(
                address.Hash,
                address.IsGuarded ? Hash(i, address.Host, address.Remainder) : Hash(i, address.Stamp, address.Host, address.Local));
        }

        // An SRS1 address has no day of its own: the first forwarder checks the one inside.
        return !isOurs ? SignedOutcome.Forged
            : address.IsGuarded || IsAlive(address.Stamp, now) ? SignedOutcome.Pass
            : SignedOutcome.Expired;
    }

    private bool IsAlive(string stamp, DateTimeOffset now)
    {
        if (stamp.Length != 2)
        {
            return false;
        }

        var high = Alphabet.IndexOf(char.ToUpperInvariant(stamp[0]), StringComparison.Ordinal);
        var low = Alphabet.IndexOf(char.ToUpperInvariant(stamp[1]), StringComparison.Ordinal);
        var age = (Day(now) - ((high << 5) | low) + 1024) % 1024;
        return high >= 0 && low >= 0 && age <= _maxAgeDays;
    }

    private bool Matches(string given, string expected) =>
        given.Length >= _hashLength && given.Length <= expected.Length
        && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(given.ToLowerInvariant()), Encoding.UTF8.GetBytes(expected[..given.Length].ToLowerInvariant()));

    private static string Stamp(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{Alphabet[Day(now) >> 5]}{Alphabet[Day(now) & 31]}");

    private static int Day(DateTimeOffset now) => (int)(now.ToUnixTimeSeconds() / 86400 % 1024);

    private string Hash(int secret, params ReadOnlySpan<string> parts)
    {
        var text = string.Concat(parts).ToLowerInvariant();
#pragma warning disable CA5350 // The scheme names HMAC-SHA1; it is used as a short MAC, not for collision resistance.
        var hash = HMACSHA1.HashData(_secrets[secret].Span, Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
        return Convert.ToBase64String(hash)[.._hashLength];
    }
}
