using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.Commands;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Doctor;
using Backstop.Judging.Protections;
using Backstop.Server.Net;

namespace Backstop.Tests.Server;

/// <summary>The verb <c>doctor</c>: what it finds, each with what to do.</summary>
public sealed class DoctorTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 11, 30, 4, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly BackstopOptions _options;

    public DoctorTests() => _options = new()
    {
        Hostname = "mx.example.org",
        Domains = ["example.org"],
        Data = _folder["data"],
        Spool = new() { MinFree = default },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mx.example.org", 90, "ok", "valid until 2027-02-28, 90 days more")]
    [InlineData("mx.example.org", 20, "warn", "valid until 2026-12-20, 20 days more")]
    [InlineData("mx.example.org", -1, "bad", "was valid until 2026-11-29")]
    [InlineData("other.example.org", 90, "warn", "not made for mx.example.org")]
    public void Certificates_are_told_with_the_days_left(string host, int days, string state, string what)
    {
        var path = _folder["cert.pem"];
        File.WriteAllText(path, Certificate(host, days));
        (_options.Tls.Certificate, _options.Tls.Key) = (path, path);
        var first = TlsChecks.Look(_options, _now).First();
        Assert.Equal((state, $"{path}: {what}"), (Word(first), first.What));
    }

    [Fact]
    public void Certificate_that_cannot_be_read_is_bad_and_none_is_said()
    {
        Assert.Contains("self-signed", Assert.Single(TlsChecks.Look(_options, _now)).What, StringComparison.Ordinal);
        _options.Tls.Certificate = _options.Tls.Key = _folder["none.pem"];
        Assert.Equal("bad", Word(Assert.Single(TlsChecks.Look(_options, _now))));
        _options.Tls.Enabled = false;
        Assert.Equal("off", Word(Assert.Single(TlsChecks.Look(_options, _now))));
    }

    [Fact]
    public void Folders_keys_room_and_mailboxes()
    {
        Assert.Equal(["skip folders", "ok disk"], Words(FolderChecks.Look(_options)));
        Directory.CreateDirectory(_options.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(["ok folders", "ok disk"], Words(FolderChecks.Look(_options)));
        File.SetUnixFileMode(_options.Data, File.GetUnixFileMode(_options.Data) | UnixFileMode.OtherRead);
        BatvKeyFile.AddNew(DataPaths.BatvKeys(_options));
        File.SetUnixFileMode(DataPaths.BatvKeys(_options), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        _options.Spool.MinFree = new(long.MaxValue / 8);
        _options.Mailboxes["me@example.org"] = new() { Path = _folder["none/Maildir"] };
        string[] rootsOwn = Environment.IsPrivilegedProcess ? ["warn mailbox"] : [];
        Assert.Equal(["warn folders", "bad disk", "bad folders", "bad mailbox", .. rootsOwn], Words(FolderChecks.Look(_options)));
    }

    [Fact]
    public void A_mailbox_of_a_user_belongs_to_him()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        Directory.CreateDirectory(_folder["mail"]);
        _options.Mailboxes.Clear();
        _options.Mailboxes["me@example.org"] = new() { Path = _folder["mail"], User = "nobody" };
        var found = FolderChecks.Look(_options).Single(f => f.Check == "mailbox");
        Assert.Equal("bad", Word(found));
        Assert.EndsWith("belongs to the user number 0, not to nobody", found.What, StringComparison.Ordinal);
        Posix.FileOwner.Give(_folder["mail"], OtherUser.Nobody, OtherUser.Nobody);
        Assert.DoesNotContain(FolderChecks.Look(_options), f => f.Check == "mailbox");
    }

    /// <summary>Whatever is off is said, with the key that puts it on; what is on is not.</summary>
    [Fact]
    public void Each_protection_that_is_off_is_said()
    {
        var off = ProtectionChecks.Look(_options, "backstop.toml", [], _now).ToList();
        Assert.All(off, f => Assert.Equal("off", Word(f)));
        Assert.All(off, f => Assert.NotEmpty(f.Do));
        Assert.Contains(off, f => f.Do == "backstop batv new-key --config backstop.toml");

        Directory.CreateDirectory(_options.Data);
        var key = BatvKeyFile.AddNew(DataPaths.BatvKeys(_options));
        _options.Alert.MailTo = "me@example.org";
        _options.Srs.Secrets = "s";
        var on = ProtectionChecks.Look(_options, "backstop.toml", [key], TimeProvider.System.GetUtcNow()).ToList();
        Assert.Equal(["ok keys"], Words(on));
        var old = ProtectionChecks.Look(_options, "backstop.toml", [key], TimeProvider.System.GetUtcNow().AddDays(500));
        Assert.Equal(["warn keys"], Words(old));
    }

    [Fact]
    public void What_the_server_says_of_itself()
    {
        var findings = new List<Finding>();
        ServerChecks.Tell(
            new(
                "mx", 1, 3, 1 << 30, RoomIsShort: false, [new("/home/me/Maildir", "INBOX", 3, 2, "No such file", _now)],
                [],
                [
                    new("me@example.org", IsCovered: false, "only 3 are known", 3, null, 0, 0),
                    new("you@example.org", IsCovered: true, "", 900, null, 0, 0),
                ],
                0)
            {
                Protections =
                [
                    new("store", "journal", ProtectionState.Down, "/d/journal.db is locked"), new("store", "bayes", ProtectionState.On),
                    new("list", "bl.test", ProtectionState.On), new("list", "dead.test", ProtectionState.Down, "DNS gives no answer"),
                    new("filter", "spamd", ProtectionState.Starting, "not asked"), new("keys", "tags", ProtectionState.Off, "none"),
                ],
            },
            findings);
        Assert.Equal(
            [
                "warn server", "bad mailbox", "bad store", "ok store", "ok list", "off list", "skip filter", "off journal", "ok journal",
            ],
            Words(findings));
    }

    [Fact]
    public async Task Names_that_lead_nowhere_are_said()
    {
        await using var dns = new TestDns { ["mx.example.org"] = "192.0.2.1" };
        var names = new HostNames([dns.EndPoint], TimeSpan.FromSeconds(10));
        Assert.Equal(["ok dns", "warn dns", "warn dns"], Words(await DnsChecks.AskAsync(_options, names, Ct)));
        _options.Hostname = "none.example.org";
        Assert.Equal(["bad dns", "warn dns"], Words(await DnsChecks.AskAsync(_options, names, Ct)));
        dns.Twist = (_, _) => [];
        var silent = await DnsChecks.AskAsync(_options, new HostNames([dns.EndPoint], TimeSpan.FromMilliseconds(50)), Ct);
        Assert.Contains("no answer", Assert.Single(silent).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clock_and_peers_are_asked()
    {
        var said = new Dictionary<string, (int, string, string)>(StringComparer.Ordinal)
        {
            ["timedatectl"] = (0, "no", ""),
            ["postconf"] = (0, "3.7.11", ""),
            ["dovecot"] = (0, "2.5.1 (abc)", ""),
            ["procmail"] = (0, "", "procmail v3.22 2001/09/10"),
        };
        var checks = new HostChecks((program, _, _) => said.TryGetValue(program, out var answer)
            ? Task.FromResult(answer)
            : throw new CommandException(ExitCode.Unavailable, "not installed"));
        var findings = await checks.AskAsync(Ct);
        Assert.Equal(["warn clock", "ok peer", "warn peer", "ok peer"], Words(findings));
        Assert.Equal("Postfix 3.7.11", findings[1].What);
        Assert.Equal("procmail v3.22", findings[3].What);
        said.Remove("timedatectl");
        Assert.Equal("skip clock", Words(await checks.AskAsync(Ct))[0]);
    }

    private static string Word(Finding finding) => System.Text.Json.JsonSerializer.Serialize(finding, CliJson.Default.Finding) is var json
        ? System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("state").GetString()!
        : "";

    private static string[] Words(IEnumerable<Finding> findings) => [.. findings.Select(f => $"{Word(f)} {f.Check}")];

    private static string Certificate(string host, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(_now.AddDays(-100), _now.AddDays(days));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
