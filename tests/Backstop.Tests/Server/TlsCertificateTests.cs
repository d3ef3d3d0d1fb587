using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Server.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What clients are shown in the handshake: chain, names, versions, and renewed files.</summary>
public sealed class TlsCertificateTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 0, 0, 0, TimeSpan.Zero));
    private readonly TestAuthority _authority = new();
    private readonly BackstopOptions _options = new() { Hostname = "mx.example.org" };
    private readonly StoreWatch _stores;

    public TlsCertificateTests()
    {
        _options.Data = _folder["data"];
        _stores = new(_options, _time, NullLogger<StoreWatch>.Instance);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    /// <summary>A client that knows only the root trusts the server, because the server sends what is between.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chain_is_sent(bool isReversed)
    {
        Write("mx", "mx.example.org", isReversed);
        Assert.Equal("CN=mx.example.org", await ShownAsync(Open(), "mx.example.org"));
    }

    [Fact]
    public async Task Client_gets_the_certificate_of_the_name_it_asks_for()
    {
        Write("mx", "mx.example.org");
        Write("other", "mx.example.net");
        _options.Tls.Hosts["mx.example.net"] = new() { Certificate = _folder["other.pem"], Key = _folder["other.key"] };
        var tls = Open();
        Assert.Equal("CN=mx.example.net", await ShownAsync(tls, "MX.example.net"));
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, "mx.example.org"));
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
    }

    [Fact]
    public async Task Renewed_files_are_taken_up()
    {
        Write("mx", "mx.example.org");
        var tls = Open();
        Write("mx", "renewed.example.org");
        Touch("mx", 1);
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
        _stores.Tick();
        Assert.Equal("CN=renewed.example.org", await ShownAsync(tls, ""));
        Assert.Empty(_stores.Troubles);
    }

    /// <summary>As certbot renews: the files are links, and each is made to lead to another file, one after the other.</summary>
    [Fact]
    public async Task Renewal_that_is_under_way_is_waited_for_and_reported_when_it_stays_wrong()
    {
        var tls = OpenHalfRenewed();
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
        Assert.Empty(_stores.Troubles);
        _time.Advance(TimeSpan.FromSeconds(31));
        _stores.Tick();
        Assert.Contains("does not match any certificate", Assert.Single(_stores.Troubles), StringComparison.Ordinal);
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
        Link("mx.key", "b.key");
        _stores.Tick();
        Assert.Empty(_stores.Troubles);
        Assert.Equal("CN=renewed.example.org", await ShownAsync(tls, ""));
    }

    /// <summary>What was wrong and is as before is no fault any more, and the next renewal has its time again.</summary>
    [Fact]
    public async Task Change_that_is_taken_back_is_forgotten()
    {
        var tls = OpenHalfRenewed();
        _time.Advance(TimeSpan.FromSeconds(31));
        _stores.Tick();
        Assert.Single(_stores.Troubles);
        Link("mx.pem", "a.pem");
        _stores.Tick();
        Assert.Empty(_stores.Troubles);
        Link("mx.pem", "b.pem");
        _stores.Tick();
        Assert.Empty(_stores.Troubles);
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
    }

    /// <summary>Files of one name that cannot be used keep no server from its start, and are taken up when they can.</summary>
    [Fact]
    public async Task Name_whose_files_cannot_be_used_gets_the_common_certificate()
    {
        Write("mx", "mx.example.org");
        _options.Tls.Hosts["mx.example.net"] = new() { Certificate = _folder["other.pem"], Key = _folder["other.key"] };
        var tls = Open();
        Assert.Contains("other.pem", Assert.Single(_stores.Troubles), StringComparison.Ordinal);
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, "mx.example.net"));
        _stores.Tick();
        Write("other", "mx.example.net");
        _stores.Tick();
        Assert.Empty(_stores.Troubles);
        Assert.Equal("CN=mx.example.net", await ShownAsync(tls, "mx.example.net"));
    }

    [Fact]
    public void Check_that_fails_leaves_the_others_to_be_run()
    {
        var runs = 0;
        _stores.Check(() => throw new InvalidOperationException("a bug"));
        _stores.Check(() => runs++);
        _stores.Tick();
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task Files_that_are_gone_leave_the_certificate_in_use()
    {
        Write("mx", "mx.example.org");
        var tls = Open();
        File.Delete(_folder["mx.pem"]);
        _stores.Tick();
        _time.Advance(TimeSpan.FromSeconds(31));
        _stores.Tick();
        Assert.Contains("no such file", Assert.Single(_stores.Troubles), StringComparison.Ordinal);
        Assert.Equal("CN=mx.example.org", await ShownAsync(tls, ""));
    }

    [Theory]
    [InlineData("Modern", SslProtocols.Tls12, false)]
    [InlineData("Modern", SslProtocols.Tls13, true)]
    [InlineData("Intermediate", SslProtocols.Tls12, true)]
    [InlineData("Intermediate", SslProtocols.Tls13, true)]
    [InlineData("System", SslProtocols.Tls12, true)]
    public async Task Profile_decides_the_version(string profile, SslProtocols client, bool agrees)
    {
        Write("mx", "mx.example.org");
        _options.Tls.Profile = Enum.Parse<TlsProfile>(profile);
        var tls = Open();
        if (agrees)
        {
            Assert.Equal("CN=mx.example.org", await ShownAsync(tls, "", client));
            return;
        }

        var refused = await Record.ExceptionAsync(() => ShownAsync(tls, "", client));
        Assert.True(refused is AuthenticationException or IOException, $"{refused}");
    }

    [Fact]
    public void Wrong_files_say_what_is_wrong()
    {
        Write("mx", "mx.example.org");
        Write("other", "mx.example.net");
        File.WriteAllText(_folder["empty"], "");
        File.WriteAllText(_folder["broken.key"], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        File.WriteAllText(_folder["locked.key"], _authority.LockedKey());
        Assert.Contains("does not match any certificate", Wrong("mx.pem", "other.key"), StringComparison.Ordinal);
        Assert.Contains("no certificate in it", Wrong("empty", "mx.key"), StringComparison.Ordinal);
        Assert.Contains("no private key in it", Wrong("mx.pem", "mx.pem"), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Wrong("mx.pem", "broken.key"), StringComparison.Ordinal);
        Assert.Contains("needs a passphrase", Wrong("mx.pem", "locked.key"), StringComparison.Ordinal);
        Assert.Contains("no such file", Wrong("none.pem", "mx.key"), StringComparison.Ordinal);
        Assert.Contains("not a regular file", Wrong(".", "mx.key"), StringComparison.Ordinal);
    }

    private string Wrong(string certificate, string key) =>
        Assert.Throws<CertificateException>(() => CertificateFile.Read(_folder[certificate], _folder[key])).Message;

    private TlsCertificate Open()
    {
        _options.Tls.Certificate = _folder["mx.pem"];
        _options.Tls.Key = _folder["mx.key"];
        return TlsCertificate.Open(_options, _time, _stores)!;
    }

    /// <summary>A server whose certificate is renewed already, and whose key is not yet.</summary>
    private TlsCertificate OpenHalfRenewed()
    {
        Write("a", "mx.example.org");
        Write("b", "renewed.example.org");
        Link("mx.pem", "a.pem");
        Link("mx.key", "a.key");
        var tls = Open();
        Link("mx.pem", "b.pem");
        _stores.Tick();
        return tls;
    }

    private void Write(string name, string host, bool isReversed = false)
    {
        var (chain, key) = _authority.Issue(host, isReversed);
        File.WriteAllText(_folder[name + ".pem"], chain);
        File.WriteAllText(_folder[name + ".key"], key);
    }

    // Files that are written within a tick of the file system's clock have one time.
    private void Touch(string name, int hours)
    {
        File.SetLastWriteTimeUtc(_folder[name + ".pem"], DateTime.UnixEpoch.AddHours(hours));
        File.SetLastWriteTimeUtc(_folder[name + ".key"], DateTime.UnixEpoch.AddHours(hours));
    }

    private void Link(string name, string target)
    {
        File.Delete(_folder[name]);
        File.CreateSymbolicLink(_folder[name], target);
    }

    /// <summary>The subject of the certificate that a client is shown, which trusts the root and no other.</summary>
    private async Task<string> ShownAsync(TlsCertificate tls, string name, SslProtocols protocols = SslProtocols.None)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Ct);
        using var accepted = await listener.AcceptTcpClientAsync(Ct);
        await using var server = new SslStream(accepted.GetStream());
        await using var stream = new SslStream(client.GetStream());
        var serving = tls.HandshakeAsync(server, Ct);
        var settings = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            EnabledSslProtocols = protocols,
            CertificateChainPolicy = _authority.Trust(),
            RemoteCertificateValidationCallback =
                (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
        };
        try
        {
            await stream.AuthenticateAsClientAsync(settings, Ct);
            return stream.RemoteCertificate!.Subject;
        }
        finally
        {
            accepted.Close();
            await Record.ExceptionAsync(() => serving);
        }
    }
}
