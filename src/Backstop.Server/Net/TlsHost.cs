using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.State;

namespace Backstop.Server.Net;

/// <summary>
/// The certificate of one name, with the settings of a handshake. Its files are read again when they have changed; while they cannot be
/// used, the one that was read before stays.
/// </summary>
internal sealed class TlsHost : IDisposable
{
    /// <summary>
    /// How long certificate and key may differ after a change: a script, or a renewal by links, replaces one before the other.
    /// </summary>
    private static readonly TimeSpan _change = TimeSpan.FromSeconds(30);

    // Mozilla's intermediate profile (version 5.7) for TLS 1.2, behind those of 1.3.
    private static readonly TlsCipherSuite[] _intermediate =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private readonly string _certificate;
    private readonly string _key;
    private readonly TlsProfile _profile;
    private readonly TimeProvider _time;
    private readonly StoreHealth? _health;
    private readonly StoreWatch? _stores;
    private readonly TlsHost? _otherwise;
    private volatile SslServerAuthenticationOptions? _options;
    private FileStamps _read;
    private long? _changed;

    /// <summary>Reads the files; they are checked for changes whenever the stores are checked.</summary>
    /// <param name="files">Certificate with chain, and key; no key: in the certificate's file.</param>
    /// <param name="profile">The versions and ciphers of TLS.</param>
    /// <param name="otherwise">Whose certificate is shown as long as these files cannot be used; null: that is an error.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stores">Shows and reports files that cannot be used.</param>
    /// <exception cref="CertificateException">They cannot be used, and there is no other certificate.</exception>
    public TlsHost((string Certificate, string Key) files, TlsProfile profile, TlsHost? otherwise, TimeProvider time, StoreWatch stores)
    {
        (_certificate, _key) = (files.Certificate, files.Key.Length > 0 ? files.Key : files.Certificate);
        (_profile, _otherwise, _time) = (profile, otherwise, time);
        _stores = stores;
        _health = stores.Add(StoreNames.ConfiguredCertificate, _certificate);
        try
        {
            _read = Stamps();
            _options = Settings(Read(_certificate, _key), profile);
        }
        catch (CertificateException error) when (otherwise is not null)
        {
            _health.Failed(StoreFault.Unreadable, error.Message, isWrite: false);
        }
        catch
        {
            stores.Remove(_health, null);
            throw;
        }

        stores.Check(Renew);
    }

    /// <summary>Takes a certificate that does not change.</summary>
    public TlsHost(SslStreamCertificateContext own, TlsProfile profile)
    {
        (_certificate, _key, _profile, _time) = ("", "", profile, TimeProvider.System);
        _options = Settings(own, profile);
    }

    /// <summary>The settings of a handshake that begins now.</summary>
    public SslServerAuthenticationOptions Options => _options ?? _otherwise!.Options;

    /// <summary>Reads a certificate with all that the client needs to trust it.</summary>
    /// <exception cref="CertificateException">The files cannot be used.</exception>
    public static SslStreamCertificateContext Read(string certificate, string key)
    {
        var (own, chain) = CertificateFile.Read(certificate, key);
        try
        {
            return SslStreamCertificateContext.Create(own, chain, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw new CertificateException($"{certificate}: it cannot be used for TLS: {error.Message}", error);
        }
    }

    /// <summary>Looks at the files no more.</summary>
    public void Dispose()
    {
        if (_health is not null)
        {
            _stores!.Remove(_health, Renew);
        }
    }

    private static SslServerAuthenticationOptions Settings(SslStreamCertificateContext own, TlsProfile profile) => new()
    {
        ServerCertificateContext = own,
        EnabledSslProtocols = profile switch
        {
            TlsProfile.System => SslProtocols.None,
            TlsProfile.Intermediate => SslProtocols.Tls12 | SslProtocols.Tls13,
            _ => SslProtocols.Tls13,
        },
        CipherSuitesPolicy = profile == TlsProfile.Intermediate ? new(_intermediate) : null,
    };

    private void Renew()
    {
        var stamps = Stamps();
        if (stamps == _read && _options is not null)
        {
            // The files are as they were read, or are so again after a change in which they did not match.
            Fits(stamps);
            return;
        }

        try
        {
            _options = Settings(Read(_certificate, _key), _profile);
            Fits(stamps);
        }
        catch (CertificateException error)
        {
            _changed ??= _time.GetTimestamp();
            if (_time.GetElapsedTime(_changed.Value) >= _change)
            {
                _health!.Failed(StoreFault.Unreadable, error.Message, isWrite: false);
            }
        }
    }

    private void Fits(FileStamps stamps)
    {
        (_read, _changed) = (stamps, null);
        _health!.Worked(isWrite: true);
    }

    private FileStamps Stamps() => new(Stamp(_certificate), Stamp(_key));

    // A link that is changed to lead to another file, as certbot's are, keeps the times of its target, so the target is compared too.
    private static (DateTime Written, long Length, string? Target) Stamp(string path)
    {
        try
        {
            var file = new FileInfo(path);
            var target = file.ResolveLinkTarget(returnFinalTarget: true);
            var content = target as FileInfo ?? file;
            return content.Exists ? (content.LastWriteTimeUtc, content.Length, target?.FullName) : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private readonly record struct FileStamps(
        (DateTime Written, long Length, string? Target) Certificate, (DateTime Written, long Length, string? Target) Key);
}
