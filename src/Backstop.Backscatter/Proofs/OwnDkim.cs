using System.Globalization;
using Backstop.Backscatter.Bounces;
using Backstop.Mail;
using MimeKit.Utils;

namespace Backstop.Backscatter.Proofs;

/// <summary>
/// Verifies our own DKIM signature over a returned header. The body is often cut or missing, but it is not needed: the
/// signature covers From, Subject, Date and the body's hash, and only our key can make one.
/// </summary>
/// <remarks>
/// RFC 6376 without DNS, because the keys are ours. A signature proves only for its From address and for a limited
/// time: otherwise anybody with one mail of ours could return it again and again.
/// </remarks>
/// <param name="keys">Our public keys.</param>
/// <param name="lifetime">The greatest age of a signature.</param>
public sealed class OwnDkim(IReadOnlyList<DkimKey> keys, TimeSpan lifetime)
{
    private const int MaxSignatures = 8;
    private const string Name = "own-dkim";

    private static readonly Proof _nothing = new(Name, ProofResult.None, "");

    /// <summary>Whether there is a key to verify with.</summary>
    public bool HasKeys => keys.Count > 0;

    /// <summary>Verifies the signatures in a returned header.</summary>
    /// <param name="returned">The returned message.</param>
    /// <param name="ours">The addresses of the mailbox that the report came to, as keys.</param>
    /// <param name="now">The time of arrival.</param>
    /// <returns>Fail if a signature names a key of ours but does not verify: it is forged, or the header was changed on
    /// its way.</returns>
    internal Proof Verify(ReturnedMessage returned, IReadOnlyCollection<string> ours, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(returned);
        if (keys.Count == 0 || !returned.HasDkimSignature)
        {
            return _nothing;
        }

        var header = returned.Header.Span;
        var fields = new List<HeaderField>();
        HeaderScan.ScanLoose(header, fields);
        var best = _nothing;
        var seen = 0;
        foreach (var field in fields)
        {
            if (!field.Is(header, "DKIM-Signature"u8) || seen++ >= MaxSignatures)
            {
                continue;
            }

            var proof = VerifyOne(header, fields, field, ours, now);
            if (proof.Result == ProofResult.Pass)
            {
                return proof;
            }

            best = proof.Detail.Length > 0 ? proof : best;
        }

        return best;
    }

    private Proof VerifyOne(
        ReadOnlySpan<byte> header, List<HeaderField> fields, HeaderField signature, IReadOnlyCollection<string> ours, DateTimeOffset now)
    {
        var tags = DkimTags.Parse(signature.Body(header));
        var key = keys.FirstOrDefault(k =>
            k.Domain.Equals(
                tags.Value("d"), StringComparison.OrdinalIgnoreCase) && k.Selector.Equals(
                    tags.Value("s"), StringComparison.OrdinalIgnoreCase));
        if (key is null)
        {
            return _nothing;
        }

        var named = $"{key.Selector}._domainkey.{key.Domain}";
        var names = tags.Value("h").Split(':', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        // RFC 6376 §5.4: From must be signed.
        if (tags.Value("v") != "1" || !names.Contains("from", StringComparer.OrdinalIgnoreCase) || Decode(tags.Value("b")) is not { } mac)
        {
            return new(Name, ProofResult.Fail, $"{named}: the signature is damaged");
        }

        var isRelaxed = tags.Value("c").StartsWith("relaxed", StringComparison.OrdinalIgnoreCase);
        var data = DkimHeader.Canonicalize(header, fields, signature, names, isRelaxed);
        if (!key.Verify(tags.Value("a"), data, mac))
        {
            return new(Name, ProofResult.Fail, $"{named}: does not verify, so it is forged or the header was changed on its way");
        }

        return WhoAndWhen(header, fields, tags, names, named, ours, now);
    }

    // The signature is ours. Is it for this mailbox, and not too old?
    private Proof WhoAndWhen(
        ReadOnlySpan<byte> header, List<HeaderField> fields, DkimTags tags, string[] names, string named,
        IReadOnlyCollection<string> ours, DateTimeOffset now)
    {
        var from = MailAddress.TryParse(HeaderText.FirstAddress(SignedBody(header, fields, "From"u8) ?? ""))?.Key ?? "";
        if (!ours.Any(o => MailAddress.KeyWithoutDetail(o) == MailAddress.KeyWithoutDetail(from)))
        {
            return new(Name, ProofResult.None, $"{named}: verifies, but for {from}");
        }

        if (Signed(tags, fields, header, names) is not { } at)
        {
            return new(Name, ProofResult.None, $"{named}: verifies, but its date is not signed");
        }

        var expired = long.TryParse(tags.Value("x"), NumberStyles.None, CultureInfo.InvariantCulture, out var x)
            && x < now.ToUnixTimeSeconds();
        return now - at > lifetime || at - now > TimeSpan.FromDays(1) || expired
            ? new(
            Name, ProofResult.None, string.Create(CultureInfo.InvariantCulture, $"{named}: verifies, but was signed on {at:yyyy-MM-dd}"))
            : new(Name, ProofResult.Pass, $"{named}: verifies for {from}");
    }

    private static DateTimeOffset? Signed(DkimTags tags, List<HeaderField> fields, ReadOnlySpan<byte> header, string[] names)
    {
        if (long.TryParse(tags.Value("t"), NumberStyles.None, CultureInfo.InvariantCulture, out var t) && t < 253_402_300_800)
        {
            return DateTimeOffset.FromUnixTimeSeconds(t);
        }

        return names.Contains("date", StringComparer.OrdinalIgnoreCase) && SignedBody(header, fields, "Date"u8) is { } date
            && DateUtils.TryParse(date, out var parsed)
            ? parsed
            : null;
    }

    // RFC 6376 §5.4.2: of several fields with one name the last is signed. One in front of it was added by somebody
    // else.
    private static string? SignedBody(ReadOnlySpan<byte> header, List<HeaderField> fields, ReadOnlySpan<byte> name)
    {
        for (var i = fields.Count - 1; i >= 0; i--)
        {
            if (fields[i].Is(header, name))
            {
                return fields[i].Body(header);
            }
        }

        return null;
    }

    private static byte[]? Decode(string base64)
    {
        var plain = string.Concat(base64.Where(c => !char.IsWhiteSpace(c)));
        var bytes = new byte[plain.Length];
        return plain.Length > 0 && Convert.TryFromBase64String(plain, bytes, out var length) ? bytes[..length] : null;
    }
}
