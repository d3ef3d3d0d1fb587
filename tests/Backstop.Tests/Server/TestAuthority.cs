using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backstop.Tests.Server;

/// <summary>A root, an authority below it, and certificates that it issues to servers.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset _from = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset _to = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _authority;
    private byte _serial;

    public TestAuthority()
    {
        _root = Authority("CN=Test Root", _rootKey).CreateSelfSigned(_from, _to);
        using var unsigned = Authority("CN=Test Authority", _key).Create(_root, _from, _to, [1]);
        _authority = unsigned.CopyWithPrivateKey(_key);
    }

    public void Dispose()
    {
        _root.Dispose();
        _authority.Dispose();
        _rootKey.Dispose();
        _key.Dispose();
    }

    /// <summary>A certificate with the one that signed it, as PEM, and its key.</summary>
    public (string Chain, string Key) Issue(string host, bool isReversed = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_authority, _from, _to, [2, ++_serial]);
        string[] chain = [certificate.ExportCertificatePem(), _authority.ExportCertificatePem()];
        return (string.Join('\n', isReversed ? chain.Reverse() : chain) + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>A key behind a passphrase.</summary>
    public string LockedKey() => _key.ExportEncryptedPkcs8PrivateKeyPem(
        "secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

    /// <summary>Trusts the root and nothing else, and fetches nothing.</summary>
    public X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(_root);
        return policy;
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }
}
