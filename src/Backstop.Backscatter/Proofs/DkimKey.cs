using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Backstop.Backscatter.Proofs;

/// <summary>One of our public keys, with its name in DNS.</summary>
/// <remarks>
/// RSA by .NET (RFC 6376; RFC 8301: at least 1024 bits, SHA-256 only), Ed25519 (RFC 8463) by BouncyCastle, a dependency
/// of MimeKit.
/// </remarks>
public sealed class DkimKey
{
    private readonly RSAParameters? _rsa;
    private readonly byte[]? _ed25519;

    private DkimKey(string selector, string domain, RSAParameters? rsa, byte[]? ed25519)
    {
        Selector = selector;
        Domain = domain;
        _rsa = rsa;
        _ed25519 = ed25519;
    }

    /// <summary>The selector (RFC 6376 §3.1), in lower case.</summary>
    public string Selector { get; }

    /// <summary>The signing domain, in lower case.</summary>
    public string Domain { get; }

    /// <summary>Parses a key from a PEM file or a DNS record (RFC 6376 §3.6.1).</summary>
    /// <param name="name">Its name in DNS: <c>selector._domainkey.domain</c>.</param>
    /// <param name="text">A PEM file (of the public or the private key), or the TXT record, also quoted and split as in a zone
    /// file.</param>
    /// <exception cref="FormatException">The name does not contain <c>._domainkey.</c>, or the text does not contain a
    /// usable key.</exception>
    public static DkimKey Parse(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(text);
        const string middle = "._domainkey.";
        var at = name.IndexOf(middle, StringComparison.OrdinalIgnoreCase);
        if (at <= 0 || at + middle.Length >= name.Length)
        {
            throw new FormatException($"{name}: not the DNS name of a key; write one such as selector._domainkey.example.org");
        }

        var selector = name[..at].ToLowerInvariant();
        var domain = name[(at + middle.Length)..].TrimEnd('.').ToLowerInvariant();
        return text.Contains("-----BEGIN", StringComparison.Ordinal) ? FromPem(selector, domain, text) : FromRecord(selector, domain, text);
    }

    /// <summary>Whether the signature was made with this key.</summary>
    /// <param name="algorithm">The a= tag: <c>rsa-sha256</c> or <c>ed25519-sha256</c>.</param>
    /// <param name="data">The canonical header.</param>
    /// <param name="signature">The b= tag, decoded.</param>
    internal bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (algorithm == "rsa-sha256" && _rsa is { } parameters)
        {
            using var rsa = RSA.Create(parameters);
            return rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        // RFC 8463 §3: Ed25519 signs the hash.
        return algorithm == "ed25519-sha256" && _ed25519 is not null && signature.Length == Ed25519.SignatureSize
            && Ed25519.Verify(signature.ToArray(), 0, _ed25519, 0, SHA256.HashData(data), 0, SHA256.HashSizeInBytes);
    }

    private static DkimKey FromPem(string selector, string domain, string text)
    {
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(text);
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            throw new FormatException($"{selector}._domainkey.{domain}: not an RSA key in PEM; for Ed25519 give the TXT record", error);
        }

        return new(selector, domain, Strong(rsa), null);
    }

    // RFC 6376 §3.6.1. A zone file writes the record in parentheses and quoted pieces.
    private static DkimKey FromRecord(string selector, string domain, string text)
    {
        var record = Unquote(text);
        var tags = DkimTags.Parse(record);
        try
        {
            var key = Convert.FromBase64String(tags.Value("p").Replace(" ", "", StringComparison.Ordinal));
            if (tags.Value("k") == "ed25519")
            {
                return key.Length == Ed25519.PublicKeySize
                    ? new(selector, domain, null, key)
                    : throw new FormatException("the Ed25519 key does not have 32 octets");
            }

            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(key, out _);
            return new(selector, domain, Strong(rsa), null);
        }
        catch (Exception error) when (error is FormatException or CryptographicException)
        {
            throw new FormatException($"{selector}._domainkey.{domain}: neither a PEM file nor a TXT record with a key in p=", error);
        }
    }

    private static string Unquote(string text)
    {
        if (!text.Contains('"', StringComparison.Ordinal))
        {
            return text;
        }

        // Every second piece stands between quotes.
        return string.Concat(text.Split('"').Where((_, i) => i % 2 == 1));
    }

    private static RSAParameters Strong(RSA rsa) =>
        rsa.KeySize >= 1024
            ? rsa.ExportParameters(false)
            : throw new FormatException($"a key of {rsa.KeySize} bits is too short; RFC 8301 requires at least 1024");
}
