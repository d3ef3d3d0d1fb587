using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Posix;

namespace Backstop.Server.Net;

/// <summary>
/// The certificate for STARTTLS: the configured one, or a self-signed one that is made once and kept.
/// </summary>
internal sealed class TlsCertificate
{
    private TlsCertificate(X509Certificate2 certificate) => Options = new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
    };

    /// <summary>The options for the handshake.</summary>
    public SslServerAuthenticationOptions Options { get; }

    /// <summary>Loads the certificate or makes it; returns null where TLS is off.</summary>
    public static TlsCertificate? Open(BackstopOptions options, TimeProvider time, StoreWatch stores)
    {
        if (!options.Tls.Enabled)
        {
            return null;
        }

        if (options.Tls.Certificate.Length > 0)
        {
            return new(Load(options.Tls.Certificate, options.Tls.Key.Length > 0 ? options.Tls.Key : options.Tls.Certificate));
        }

        return new(LoadOwn(DataPaths.Certificate(options), options.Hostname, time, stores));
    }

    private static X509Certificate2 LoadOwn(string path, string host, TimeProvider time, StoreWatch stores)
    {
        var health = stores.Add(StoreNames.Certificate, path);
        try
        {
            if (File.Exists(path))
            {
                return Load(path, path);
            }

            if (Directory.Exists(path))
            {
                health.SetAside("a folder where a file should be");
            }
        }
        catch (CryptographicException error)
        {
            // A self-signed certificate cannot be verified by clients, so a new one is as good.
            health.SetAside(error.Message);
        }

        Make(path, host, time);
        return Load(path, path);
    }

    private static X509Certificate2 Load(string certificate, string key) => X509Certificate2.CreateFromPemFile(certificate, key);

    private static void Make(string path, string host, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        Folders.Make(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        using var writer = new StreamWriter(file);
        writer.WriteLine(certificate.ExportCertificatePem());
        writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
    }
}
