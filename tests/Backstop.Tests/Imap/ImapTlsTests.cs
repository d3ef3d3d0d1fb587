using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.Clean;
using Backstop.Clean.Imap;

namespace Backstop.Tests.Imap;

/// <summary>Encryption begins before the library has a part in it, so that the guard sees what is inside.</summary>
public sealed class ImapTlsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly X509Certificate2 _certificate;

    public ImapTlsTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        File.WriteAllText(_folder["ca.pem"], _certificate.ExportCertificatePem());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("imaps", true)]
    [InlineData("imap", false)]
    public async Task Encrypted_from_the_first_octet_and_by_starttls(string scheme, bool isTls)
    {
        await using var imap = new FakeImap(certificate: _certificate, isTls: isTls);
        await using var source = await OpenAsync(scheme, imap, _folder["ca.pem"]);
        Assert.True(imap.IsEncrypted);
        Assert.Contains("Sent", Assert.Single(await source.FindSentAsync(Ct)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("imaps", true)]
    [InlineData("imap", false)]
    public async Task Reports_a_certificate_that_is_not_trusted(string scheme, bool isTls)
    {
        await using var imap = new FakeImap(certificate: _certificate, isTls: isTls);
        var fault = await Assert.ThrowsAsync<ImapFault>(() => OpenAsync(scheme, imap, null));
        Assert.Equal(CleanFailure.Unavailable, fault.Failure);
        Assert.Contains("its certificate is not trusted; to trust it, name its CA with --ca FILE", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>What somebody on the way writes behind the line that begins encryption is not taken for the server's words.</summary>
    [Fact]
    public async Task Octets_behind_starttls_are_not_believed()
    {
        await using var imap = new FakeImap(
            new(StringComparer.Ordinal) { ["STARTTLS"] = ["[tag] OK begin", "A1 OK [CAPABILITY IMAP4rev1] logged in"] }, _certificate);
        Assert.Equal(
            CleanFailure.Unavailable, (await Assert.ThrowsAsync<ImapFault>(() => OpenAsync("imap", imap, _folder["ca.pem"]))).Failure);
    }

    private static Task<ImapSource> OpenAsync(string scheme, FakeImap imap, string? ca) =>
        ImapSource.OpenAsync(
            ImapAddress.Parse($"{scheme}://me@127.0.0.1:{imap.Port}"), LyingImapTests.Access(ca), new CleanOptions(),
            TimeProvider.System, Ct);
}
