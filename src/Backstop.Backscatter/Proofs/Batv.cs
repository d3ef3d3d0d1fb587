using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>A key for envelope tags.</summary>
/// <param name="Number">The digit in the tag, 0-9.</param>
/// <param name="Secret">The HMAC key; the same on every host that sends or receives for the domain.</param>
public sealed record BatvKey(int Number, ReadOnlyMemory<byte> Secret);

/// <summary>The form of a signed address.</summary>
public enum BatvForm
{
    /// <summary><c>prvs=TAG=local@domain</c>.</summary>
    Prefix,

    /// <summary>
    /// <c>local+prvs=TAG@domain</c>: a detail (RFC 5233), which many servers deliver without further settings.
    /// </summary>
    Detail,
}

/// <summary>The result of checking a tag.</summary>
public enum BatvOutcome
{
    /// <summary>No tag, or a dialect that only its maker can check.</summary>
    None,

    /// <summary>We signed it, and it has not expired.</summary>
    Pass,

    /// <summary>We signed it too long ago.</summary>
    Expired,

    /// <summary>Not signed by us.</summary>
    Forged,
}

/// <summary>Signs envelope senders, and checks the tags in the recipients of bounces: BATV's prvs scheme.</summary>
/// <remarks>draft-levine-smtp-batv-01: <c>prvs=KDDDSSSSSS=local@domain</c>, S = first 3 octets of HMAC-SHA1(key, K DDD address).</remarks>
public sealed class Batv
{
    /// <summary>The most keys. A 24-bit tag is guessed once in 16.7 million tries for each key, so there must be few.</summary>
    public const int MaxKeys = 2;

    private readonly IReadOnlyList<BatvKey> _keys;
    private readonly int _lifetimeDays;
    private readonly BatvForm _form;

    /// <summary>Sets the keys: the first signs, all verify.</summary>
    /// <param name="keys">One or two.</param>
    /// <param name="lifetimeDays">Days from signing to expiry; 7 is usual.</param>
    /// <param name="form">The form of signed addresses; all forms verify.</param>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxKeys"/> keys, or the lifetime is not 1 to 400
    /// days.</exception>
    public Batv(IReadOnlyList<BatvKey> keys, int lifetimeDays = 7, BatvForm form = BatvForm.Prefix)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count > MaxKeys)
        {
            throw new ArgumentException("At most two keys may be live.", nameof(keys));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lifetimeDays);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetimeDays, 400);
        _keys = keys;
        _lifetimeDays = lifetimeDays;
        _form = form;
    }

    /// <summary>Whether there is a key to sign with.</summary>
    public bool CanSign => _keys.Count > 0;

    /// <summary>
    /// Returns the address with a tag that expires after the lifetime. It changes once a day, so that greylisting and
    /// retries see one address.
    /// </summary>
    /// <param name="address">The envelope sender.</param>
    /// <param name="now">The time of sending.</param>
    public MailAddress Sign(MailAddress address, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(address);
        var expiry = (Day(now) + _lifetimeDays) % 1000;
        var stamp = string.Create(CultureInfo.InvariantCulture, $"{_keys[0].Number}{expiry:D3}");
        var tag = stamp + Mac(_keys[0], stamp, address.ToString());
        return new(_form == BatvForm.Prefix ? $"prvs={tag}={address.LocalPart}" : $"{address.LocalPart}+prvs={tag}", address.Domain);
    }

    /// <summary>Checks the tag in a recipient's address.</summary>
    /// <param name="tag">The tag in a forward-path.</param>
    /// <param name="now">The time of arrival.</param>
    public BatvOutcome Check(BatvTag tag, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (_keys.Count == 0 || tag.Dialect is "btv1" or "msprvs1")
        {
            return BatvOutcome.None;
        }

        if (tag.Value.Length != BatvTag.PrvsLength
            || !int.TryParse(tag.Value.AsSpan(1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var expiry))
        {
            return BatvOutcome.Forged;
        }

        var isOurs = false;
        foreach (var key in _keys)
        {
            isOurs |= key.Number == tag.Value[0] - '0' && IsSignedBy(key, tag);
        }

        // Modular arithmetic, because a day number may wrap between signing and now. Exim compares plainly, so an
        // expired tag can become valid again there.
        var daysLeft = (expiry - (Day(now) % 1000) + 1000) % 1000;
        // If the signer's clock is slightly ahead, a tag from the first minute of its day appears to have one day more
        // left.
        return !isOurs ? BatvOutcome.Forged : daysLeft <= _lifetimeDays + SkewDays ? BatvOutcome.Pass : BatvOutcome.Expired;
    }

    private const int SkewDays = 1;

    private static long Day(DateTimeOffset now) => now.ToUnixTimeSeconds() / 86400;

    // Relays may have changed the case of the address: it is tried as written, then in lower case.
    private static bool IsSignedBy(BatvKey key, BatvTag tag) =>
        Matches(key, tag, tag.Original.ToString()) | Matches(key, tag, tag.Original.Key);

    private static bool Matches(BatvKey key, BatvTag tag, string address)
    {
        var expected = Encoding.ASCII.GetBytes(Mac(key, tag.Value[..4], address));
        var given = Encoding.ASCII.GetBytes(tag.Value[4..].ToLowerInvariant());
        return CryptographicOperations.FixedTimeEquals(expected, given);
    }

    private static string Mac(BatvKey key, string stamp, string address)
    {
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The scheme names HMAC-SHA1; it is used as a MAC of 24 bits, not for collision resistance.
        HMACSHA1.HashData(key.Secret.Span, Encoding.UTF8.GetBytes(stamp + address), hash);
#pragma warning restore CA5350
        return Convert.ToHexStringLower(hash[..3]);
    }
}
