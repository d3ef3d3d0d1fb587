using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Posix;
using Backstop.State;

namespace Backstop.Server.Net;

/// <summary>
/// The certificates for TLS: the configured ones with their chains, or a self-signed one that is made once and kept.
/// </summary>
internal sealed class TlsCertificate : IDisposable
{
    private readonly TlsHost _default;
    private readonly Dictionary<string, TlsHost> _hosts;

    private readonly Action _forget;

    private TlsCertificate(TlsHost own, Dictionary<string, TlsHost> hosts, Action forget) =>
        (_default, _hosts, _forget) = (own, hosts, forget);

    /// <summary>Loads the certificates or makes one; returns null where TLS is off.</summary>
    /// <exception cref="CertificateException">A configured one cannot be used.</exception>
    public static TlsCertificate? Open(BackstopOptions options, TimeProvider time, StoreWatch stores)
    {
        var tls = options.Tls;
        if (!tls.Enabled)
        {
            return null;
        }

        var health = tls.Certificate.Length > 0 ? null : stores.Add(StoreNames.Certificate, DataPaths.Certificate(options));
        var own = health is null
            ? new TlsHost((tls.Certificate, tls.Key), tls.Profile, otherwise: null, time, stores)
            : new TlsHost(LoadOwn(DataPaths.Certificate(options), options.Hostname, time, health), tls.Profile);
        return new(
            own,
            tls.Hosts.Where(h => h.Value.Certificate.Length > 0).ToDictionary(
                h => h.Key, h => new TlsHost((h.Value.Certificate, h.Value.Key), tls.Profile, own, time, stores),
                StringComparer.OrdinalIgnoreCase),
            () =>
            {
                if (health is not null)
                {
                    stores.Remove(health, null);
                }
            });
    }

    public void Dispose()
    {
        _forget();
        _default.Dispose();
        foreach (var host in _hosts.Values)
        {
            host.Dispose();
        }
    }

    /// <summary>Shakes hands as a server, with the certificate of the name that the client asks for.</summary>
    /// <exception cref="AuthenticationException">The client and this server cannot agree.</exception>
    public Task HandshakeAsync(SslStream stream, CancellationToken ct) => stream.AuthenticateAsServerAsync(
        (_, hello, _, _) => ValueTask.FromResult(_hosts.GetValueOrDefault(hello.ServerName, _default).Options), null, ct);

    private static SslStreamCertificateContext LoadOwn(string path, string host, TimeProvider time, StoreHealth health)
    {
        try
        {
            if (File.Exists(path))
            {
                return Load(path);
            }

            if (Directory.Exists(path))
            {
                health.SetAside("a folder where a file should be");
            }
        }
        catch (CertificateException error)
        {
            // A self-signed certificate cannot be verified by clients, so a new one is as good.
            health.SetAside(error.Message);
        }

        Make(path, host, time);
        return Load(path);
    }

    private static SslStreamCertificateContext Load(string path) => TlsHost.Read(path, path);

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
