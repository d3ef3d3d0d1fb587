using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.Posix;

namespace Backstop.Configuration.Options;

/// <summary>A certificate that cannot be used, and what to do about it.</summary>
internal sealed class CertificateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads a certificate with its key and the chain up to, or including, its root, as PEM.</summary>
internal static class CertificateFile
{
    private const int MaxOctets = 1 << 20;

    /// <summary>Reads both files.</summary>
    /// <param name="certificate">The certificate and those that signed it, in any order, such as <c>fullchain.pem</c>.</param>
    /// <param name="key">The private key, without a passphrase; may be the same file.</param>
    /// <returns>The certificate of the key, with it; and the others of the file.</returns>
    /// <exception cref="CertificateException">A file cannot be read, or is not what it should be.</exception>
    public static (X509Certificate2 Own, X509Certificate2Collection Chain) Read(string certificate, string key)
    {
        var all = Certificates(certificate);
        var secret = Text(key);
        if (secret.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal)
            || secret.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            throw new CertificateException(
                $"{key}: the key needs a passphrase, and a server cannot ask for it; remove it with openssl pkey -in {key} -out NEW");
        }

        if (!secret.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new CertificateException($"{key}: no private key in it; name the file that begins with -----BEGIN PRIVATE KEY-----");
        }

        if (!CanBeRead(secret))
        {
            throw new CertificateException($"{key}: the private key in it cannot be read; name a PEM file with an RSA or EC key");
        }

        var own = Own(all, secret) ?? throw new CertificateException(
            $"the key in {key} does not match any certificate in {certificate}; name the two that were made together");
        return (own, [.. all.Where(c => !c.RawDataMemory.Span.SequenceEqual(own.RawDataMemory.Span))]);
    }

    private static X509Certificate2Collection Certificates(string path)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(Text(path));
        }
        catch (CryptographicException error)
        {
            throw new CertificateException($"{path}: a certificate in it cannot be read: {error.Message}", error);
        }

        return all.Count > 0
            ? all
            : throw new CertificateException($"{path}: no certificate in it; name a PEM file with -----BEGIN CERTIFICATE-----");
    }

    // Servers are given files in the wrong order too.
    private static X509Certificate2? Own(X509Certificate2Collection all, string key)
    {
        foreach (var candidate in all)
        {
            try
            {
                return X509Certificate2.CreateFromPem(candidate.ExportCertificatePem(), key);
            }
            catch (Exception error) when (error is CryptographicException or ArgumentException)
            {
                // The key can be read, so it is another certificate's.
            }
        }

        return null;
    }

    private static bool CanBeRead(string key)
    {
        using var rsa = RSA.Create();
        using var ec = ECDsa.Create();
        return Imports(rsa, key) || Imports(ec, key);
    }

    private static bool Imports(AsymmetricAlgorithm algorithm, string key)
    {
        try
        {
            algorithm.ImportFromPem(key);
            return true;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static string Text(string path)
    {
        try
        {
            using var file = new FileStream(RegularFile.Open(path, followLinks: true), FileAccess.Read);
            if (file.Length > MaxOctets)
            {
                throw new CertificateException($"{path}: larger than 1 MiB; no PEM file is that large");
            }

            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException(error.Message, error);
        }
    }
}
