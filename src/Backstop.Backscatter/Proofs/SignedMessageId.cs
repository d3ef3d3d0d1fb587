using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Mail;

namespace Backstop.Backscatter.Proofs;

/// <summary>The result of checking one of our signatures.</summary>
public enum SignedOutcome
{
    /// <summary>It does not claim to be ours.</summary>
    None,

    /// <summary>We signed it for one of these senders, and it has not expired.</summary>
    Pass,

    /// <summary>We signed it too long ago.</summary>
    Expired,

    /// <summary>It claims to be ours but is not, or not for these senders.</summary>
    Forged,
}

/// <summary>
/// Makes Message-IDs that prove themselves, for bounces that come back without an envelope tag and for mail that the
/// journal does not know; and the same proof as a header field, for mail whose id another program has chosen.
/// </summary>
/// <remarks>
/// Id: <c>bsK.DAY.RANDOM.MAC@domain</c>. Field: <c>X-Backstop-Sent: bsK.DAY.MAC</c>. K is the key's number, DAY the unix day of
/// sending, RANDOM 60 bits, MAC the first 80 bits of HMAC-SHA256 over all of it, the sender's address, and the domain or the
/// Message-ID; base32 in lower case, so that a server which changes case changes nothing. The key is derived from the secret of the
/// envelope tags: one file to hand out.
/// </remarks>
public sealed class SignedMessageId
{
    /// <summary>The field with the proof, for messages whose id is not ours to choose.</summary>
    public const string FieldName = "X-Backstop-Sent";

    private const int RandomLength = 12;
    private const int MacLength = 16;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly SearchValues<char> _base32 = SearchValues.Create(Alphabet);

    private readonly (int Number, byte[] Key)[] _keys;
    private readonly int _lifetimeDays;

    /// <summary>Derives the keys from those of the envelope tags; the first signs, all verify.</summary>
    /// <param name="keys">At most <see cref="Batv.MaxKeys"/>.</param>
    /// <param name="lifetimeDays">Days from sending to the last bounce that is accepted. Servers give up after five to
    /// seven; receipts and auto-replies come later.</param>
    public SignedMessageId(IReadOnlyList<BatvKey> keys, int lifetimeDays = 30)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lifetimeDays);
        _keys = [.. keys.Select(k => (k.Number, HMACSHA256.HashData(k.Secret.Span, "backstop signed message-id, version 1"u8)))];
        _lifetimeDays = lifetimeDays;
    }

    /// <summary>Whether there is a key to sign with.</summary>
    public bool CanSign => _keys.Length > 0;

    /// <summary>Makes a new id, without brackets.</summary>
    /// <param name="sender">The address that receives bounces of the message.</param>
    /// <param name="now">The time of sending.</param>
    public string Create(MailAddress sender, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(sender);
        var day = Day(now);
        var domain = MailAddress.DomainKey(sender.Domain);
        var random = RandomNumberGenerator.GetString(Alphabet, RandomLength);
        return $"{Prefix(_keys[0].Number, day)}{random}.{Mac(_keys[0].Key, "id", day, random, domain, sender.Key)}@{domain}";
    }

    /// <summary>Returns the body of the field <see cref="FieldName"/>.</summary>
    /// <param name="messageId">The message's id, without brackets.</param>
    /// <param name="sender">The address that receives bounces of the message.</param>
    /// <param name="now">The time of sending.</param>
    public string Stamp(string messageId, MailAddress sender, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(messageId);
        ArgumentNullException.ThrowIfNull(sender);
        var day = Day(now);
        return $"{Prefix(_keys[0].Number, day)}{Mac(_keys[0].Key, "stamp", day, messageId.ToLowerInvariant(), "", sender.Key)}";
    }

    /// <summary>Checks a returned Message-ID.</summary>
    /// <param name="messageId">Without brackets, in any case.</param>
    /// <param name="senders">The addresses of the mailbox that the report came to, as keys.</param>
    /// <param name="now">The time of arrival.</param>
    public SignedOutcome Check(string messageId, IReadOnlyCollection<string> senders, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(messageId);
        var id = messageId.ToLowerInvariant();
        var at = id.LastIndexOf('@');
        if (at < 0 || !TryReadPrefix(id.AsSpan(0, at), out var number, out var day, out var rest))
        {
            return SignedOutcome.None;
        }

        // Others may use ids of this form in their own domains; in one of ours the signature must be valid.
        var domain = id[(at + 1)..];
        if (!Knows(number) || !senders.Any(s => s.EndsWith("@" + domain, StringComparison.Ordinal)))
        {
            return SignedOutcome.None;
        }

        var isWhole = rest.Length == RandomLength + 1 + MacLength && rest[RandomLength] == '.'
            && !rest[..RandomLength].ContainsAnyExcept(_base32) && !rest[(RandomLength + 1)..].ContainsAnyExcept(_base32);
        if (!isWhole)
        {
            return SignedOutcome.Forged;
        }

        var random = rest[..RandomLength].ToString();
        return Decide(
            number, day, rest[(RandomLength + 1)..].ToString(), now, key => senders.Select(s => Mac(key, "id", day, random, domain, s)));
    }

    /// <summary>Checks a returned field with the proof.</summary>
    /// <param name="stamp">The field's body.</param>
    /// <param name="messageId">The returned Message-ID, without brackets.</param>
    /// <param name="senders">The addresses of the mailbox that the report came to, as keys.</param>
    /// <param name="now">The time of arrival.</param>
    public SignedOutcome CheckStamp(string stamp, string messageId, IReadOnlyCollection<string> senders, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(stamp);
        ArgumentNullException.ThrowIfNull(messageId);
        var text = stamp.Trim().ToLowerInvariant();
        if (!TryReadPrefix(text, out var number, out var day, out var mac) || !Knows(number))
        {
            return SignedOutcome.None;
        }

        var id = messageId.ToLowerInvariant();
        return mac.Length != MacLength || mac.ContainsAnyExcept(_base32)
            ? SignedOutcome.Forged
            : Decide(number, day, mac.ToString(), now, key => senders.Select(s => Mac(key, "stamp", day, id, "", s)));
    }

    // A retired key neither proves nor refutes: mail that it signed may still be on its way.
    private bool Knows(int number) => _keys.Any(k => k.Number == number);

    private SignedOutcome Decide(int number, long day, string mac, DateTimeOffset now, Func<byte[], IEnumerable<string>> expected)
    {
        var given = Encoding.ASCII.GetBytes(mac);
        var isOurs = false;
        foreach (var key in _keys.Where(k => k.Number == number))
        {
            foreach (var candidate in expected(key.Key))
            {
                isOurs |= CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(candidate), given);
            }
        }

        // One day ahead means a fast clock, more a forgery; both are covered by the MAC.
        var age = Day(now) - day;
        return !isOurs ? SignedOutcome.Forged : age >= -1 && age <= _lifetimeDays ? SignedOutcome.Pass : SignedOutcome.Expired;
    }

    private static string Prefix(int number, long day) => string.Create(CultureInfo.InvariantCulture, $"bs{number}.{day}.");

    // "bs", a digit, ".", the day without leading zeros, "."
    private static bool TryReadPrefix(ReadOnlySpan<char> text, out int number, out long day, out ReadOnlySpan<char> rest)
    {
        number = 0;
        day = 0;
        rest = default;
        if (text.Length < 6 || !text.StartsWith("bs") || !char.IsAsciiDigit(text[2]) || text[3] != '.')
        {
            return false;
        }

        var dot = text[4..].IndexOf('.');
        if (dot is < 1 or > 6 || text[4] == '0'
            || !long.TryParse(text.Slice(4, dot), NumberStyles.None, CultureInfo.InvariantCulture, out day))
        {
            return false;
        }

        number = text[2] - '0';
        rest = text[(5 + dot)..];
        return true;
    }

    private static long Day(DateTimeOffset now) => now.ToUnixTimeSeconds() / 86400;

    // No part contains a line feed, so different parts never give the same octets. A sender me+list@ reads its bounces
    // as me@.
    private static string Mac(byte[] key, string use, long day, string subject, string domain, string sender)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{use}\n{day}\n{subject}\n{domain}\n{MailAddress.KeyWithoutDetail(sender)}");
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text), hash);
        return Base32(hash[..(MacLength * 5 / 8)]);
    }

    private static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 8 / 5);
        var bits = 0;
        var buffer = 0;
        foreach (var b in bytes)
        {
            buffer = (buffer << 8) | b;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return text.ToString();
    }
}
