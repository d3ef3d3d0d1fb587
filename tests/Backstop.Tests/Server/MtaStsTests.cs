using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Doctor;
using Backstop.MailAuth.Dnsbl;

namespace Backstop.Tests.Server;

/// <summary>The policy by which senders insist on TLS (RFC 8461): who gets it, what it says, and its DNS records.</summary>
public sealed class MtaStsTests
{
    private const string Policy = "version: STSv1\r\nmode: testing\r\nmx: mx.example.org\r\nmax_age: 604800\r\n";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Policy_is_served_to_everybody_under_its_host_and_nothing_else_is()
    {
        await using var server = await TestServer.StartAsync(o => o.MtaSts.Mode = MtaStsMode.Testing);
        Assert.Equal((HttpStatusCode.OK, "text/plain", Policy), await GetAsync(server, "mta-sts.example.org", MtaStsOptions.Path));
        Assert.Equal((HttpStatusCode.OK, "text/plain", Policy), await GetAsync(server, "MTA-STS.Example.ORG:8025", MtaStsOptions.Path));
        foreach (var host in new[] { "mta-sts.other.example", "example.org", "mta-sts." })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(server, host, MtaStsOptions.Path)).Status);
        }

        Assert.True(
            (await server.ReloadAsync(o => (o.MtaSts.Mode, o.MtaSts.Mx) = (MtaStsMode.None, ["a.example.org", "*.b.example"]))).IsTaken);
        Assert.Equal(
            "version: STSv1\r\nmode: none\r\nmx: a.example.org\r\nmx: *.b.example\r\nmax_age: 604800\r\n",
            (await GetAsync(server, "mta-sts.example.org", MtaStsOptions.Path)).Text);
        Assert.True((await server.ReloadAsync(o => o.MtaSts.Mode = MtaStsMode.Off)).IsTaken);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(server, "mta-sts.example.org", MtaStsOptions.Path)).Status);
    }

    /// <summary>With a password and no web.hosts the dashboard answers to any name, but not to these.</summary>
    [Theory]
    [InlineData("/", HttpStatusCode.Redirect)]
    [InlineData("/login", HttpStatusCode.OK)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    public async Task Dashboard_is_not_under_the_names_of_the_policy(string path, HttpStatusCode elsewhere)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.MtaSts.Mode = MtaStsMode.Testing;
            o.Web.Password = Backstop.Server.Web.PasswordHash.Make("correct horse battery");
        });
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(server, "mta-sts.example.org", path)).Status);
        Assert.Equal(elsewhere, (await GetAsync(server, "mx.example.org", path)).Status);
    }

    [Theory]
    [InlineData("mode = \"enforce\"", "a certificate of a known authority")]
    [InlineData("mode = \"testing\"\nmx = [\"not a host\"]", "\"not a host\" is not the name of a host")]
    [InlineData("mode = \"testing\"\nmx = [\"*\"]", "\"*\" is not the name of a host")]
    [InlineData("mode = \"testing\"\nmax_age = \"1h\"", "mta_sts.max_age")]
    [InlineData("mode = \"strict\"", "mta_sts.mode")]
    public void A_policy_that_would_keep_mail_away_or_says_nothing_is_an_error(string section, string error)
    {
        var (_, errors) = ConfigFile.Parse(
            "domains = [\"example.org\"]\n[listen]\nsmtp = \"127.0.0.1:2525\"\nweb = \"127.0.0.1:8025\"\n"
                + $"[mailboxes.\"me@example.org\"]\n[mta_sts]\n{section}\n", "b.toml");
        Assert.Contains(error, Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_without_a_web_port_is_an_error()
    {
        var (_, errors) = ConfigFile.Parse(
            "domains = [\"example.org\"]\nlisten.smtp = \"127.0.0.1:2525\"\nmta_sts.mode = \"none\"\n[mailboxes.\"me@example.org\"]\n",
            "b.toml");
        Assert.Contains("listen.web, which is not set", Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_policy_has_an_id_of_its_own_and_a_star_stands_for_one_label()
    {
        var options = new MtaStsOptions { Mode = MtaStsMode.Testing, Mx = ["mx.example.org", "*.b.example"] };
        var id = options.Id("h");
        Assert.Matches("^[0-9A-F]{20}$", id);
        Assert.Equal(id, options.Id("other"));
        Assert.True(options.Names("MX.example.org", "h"));
        Assert.True(options.Names("a.b.example", "h"));
        Assert.False(options.Names("a.a.b.example", "h"));
        Assert.False(options.Names("b.example", "h"));
        Assert.False(options.Names("h", "h"));
        options.MaxAge = TimeSpan.FromDays(8);
        Assert.NotEqual(id, options.Id("h"));
    }

    [Fact]
    public async Task Doctor_says_what_to_publish_and_what_is_published()
    {
        var options = new BackstopOptions { Hostname = "mx.example.org", Domains = ["example.org"] };
        var texts = new Dictionary<string, string[]>(StringComparer.Ordinal);
        IReadOnlyList<string> hosts = ["mx.example.org"];
        Assert.Equal(FindingState.Off, Assert.Single(await AskAsync()).State);

        options.MtaSts.Mode = MtaStsMode.Testing;
        var record = $"v=STSv1; id={options.MtaSts.Id(options.Hostname)};";
        var none = await AskAsync();
        Assert.Equal([FindingState.Warn, FindingState.Off], none.Select(f => f.State));
        Assert.StartsWith($"publish _mta-sts.example.org TXT \"{record}\"", none[0].Do, StringComparison.Ordinal);
        Assert.Contains("rua=mailto:postmaster@example.org", none[1].Do, StringComparison.Ordinal);

        texts["_mta-sts.example.org"] = ["something else", record];
        texts["_smtp._tls.example.org"] = ["v=TLSRPTv1; rua=mailto:tls@example.org"];
        Assert.Equal([FindingState.Ok, FindingState.Ok], (await AskAsync()).Select(f => f.State));

        options.MtaSts.MaxAge = TimeSpan.FromDays(30);
        hosts = ["mx.example.org", "backup.example.net"];
        Assert.Equal([FindingState.Warn, FindingState.Warn, FindingState.Ok], (await AskAsync()).Select(f => f.State));
        options.MtaSts.Mode = MtaStsMode.Enforce;
        Assert.Equal([FindingState.Warn, FindingState.Bad, FindingState.Ok], (await AskAsync()).Select(f => f.State));
        texts["_mta-sts.example.org"] = [record, record];
        Assert.Equal(FindingState.Bad, (await AskAsync())[0].State);

        var silent = await MtaStsChecks.AskAsync(
            options, (_, _) => throw new DnsLookupException("timeout"), (_, _) => throw new DnsLookupException("timeout"), Ct);
        Assert.Equal(FindingState.Skip, Assert.Single(silent).State);

        Task<IReadOnlyList<Finding>> AskAsync() => MtaStsChecks.AskAsync(
            options, (name, _) => Task.FromResult<IReadOnlyList<string>>(texts.GetValueOrDefault(name, [])),
            (_, _) => Task.FromResult(hosts), Ct);
    }

    private static async Task<(HttpStatusCode Status, string? Type, string Text)> GetAsync(TestServer server, string host, string path)
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = new($"http://{server.Web}") };
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        using var reply = await client.SendAsync(request, Ct);
        return (reply.StatusCode, reply.Content.Headers.ContentType?.MediaType, await reply.Content.ReadAsStringAsync(Ct));
    }
}
