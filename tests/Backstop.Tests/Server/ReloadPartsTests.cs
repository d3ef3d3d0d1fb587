using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Configuration;
using Backstop.Server.Control;
using Backstop.Server.Web;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>What a reload takes up, part by part: keys, certificates, rules, filters, lists, recipes, the dashboard's password.</summary>
public sealed class ReloadPartsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly LogLines _lines = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>The same file, with another content.</summary>
    [Fact]
    public async Task Keys_of_tags_are_read_again()
    {
        await using var server = await TestServer.StartAsync(o => o.Listen.Table = [new(IPAddress.Loopback, 0)]);
        Assert.StartsWith("500 ", await AskAsync(server.EndPoint("table"), "get untag:me@example.org\n"), StringComparison.Ordinal);
        var key = BatvKeyFile.AddNew(DataPaths.BatvKeys(server.Options));
        Assert.True((await server.ReloadAsync()).IsTaken);
        var signed = new Batv([key], 7, BatvForm.Prefix)
            .Sign(Backstop.Mail.MailAddress.TryParse("me@example.org")!, TimeProvider.System.GetUtcNow());
        Assert.Equal("200 me@example.org\n", await AskAsync(server.EndPoint("table"), $"get {signed}\n"));
    }

    [Fact]
    public async Task Certificates_are_read_again_and_an_unfit_one_keeps_the_old()
    {
        using var authority = new TestAuthority();
        Write("old", authority.Issue("old.example.org"));
        Write("new", authority.Issue("new.example.org"));
        await using var server = await TestServer.StartAsync(o =>
            (o.Tls.Certificate, o.Tls.Key) = (_folder["old.pem"], _folder["old.key"]));
        Assert.Equal("CN=old.example.org", await CertificateAsync(server));
        var refused = await server.ReloadAsync(o => (o.Tls.Certificate, o.Tls.Key) = (_folder["new.pem"], _folder["old.key"]));
        Assert.False(refused.IsTaken);
        Assert.Equal("CN=old.example.org", await CertificateAsync(server));
        Assert.True((await server.ReloadAsync(o => (o.Tls.Certificate, o.Tls.Key) = (_folder["new.pem"], _folder["new.key"]))).IsTaken);
        Assert.Equal("CN=new.example.org", await CertificateAsync(server));
    }

    [Fact]
    public async Task Spam_rules_are_compiled_anew_only_where_they_have_changed()
    {
        await File.WriteAllTextAsync(_folder["a.cf"], "header BAD Subject =~ /pills/\nscore BAD 9\n", Ct);
        await File.WriteAllTextAsync(_folder["b.cf"], "header BAD Subject =~ /lunch/\nscore BAD 9\n", Ct);
        await using var server = await TestServer.StartAsync(
            o => (o.Spam.Enabled, o.Spam.Rules, o.Spam.TimeLimit) = (true, [_folder["a.cf"]], TimeSpan.FromSeconds(60)),
            logging: l => l.AddProvider(_lines));
        await Until(() => Ready() == 1);
        Assert.Equal("Junk", await FolderOfAsync(server, "cheap pills"));
        Assert.True((await server.ReloadAsync(o => o.Spam.Folder = "Spam")).IsTaken);
        Assert.Equal(1, Ready());
        Assert.Equal("Spam", await FolderOfAsync(server, "more pills"));

        // They are read before the swap: no message goes unscored.
        Assert.True((await server.ReloadAsync(o => o.Spam.Rules = [_folder["b.cf"]])).IsTaken);
        Assert.Equal("INBOX", await FolderOfAsync(server, "other pills"));
        Assert.Equal("Spam", await FolderOfAsync(server, "lunch"));
        Assert.Equal(2, Ready());
        Assert.True((await server.ReloadAsync(o => o.Spam.Enabled = false)).IsTaken);
        Assert.Equal("INBOX", await FolderOfAsync(server, "lunch again"));
        Assert.True((await server.ReloadAsync(o => o.Spam.Enabled = true)).IsTaken);
        Assert.Equal("Spam", await FolderOfAsync(server, "third lunch"));

        int Ready() => _lines.All.Count(l => l.StartsWith("spam rules ready", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lists_are_asked_at_once_and_load_balancers_believed()
    {
        await using var dns = new TestDns { ["2.0.0.127.bl.test"] = "127.0.0.2", ["9.113.0.203.bl.test"] = "127.0.0.2" };
        await using var server = await TestServer.StartAsync();
        Assert.True((await server.ReloadAsync(o =>
        {
            o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")];
            o.Dnsbl = new() { Zones = ["bl.test"], Resolvers = [dns.EndPoint], TimeLimit = TimeSpan.FromSeconds(20) };
        })).IsTaken);
        await Dialog.RunAsync(
            server.Smtp,
            "R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<>\nS: 250\n"
                + "C: RCPT TO:<me@example.org>\nS: 550 5.7.1 Bounces from this address are not accepted (dnsbl:bl.test)");
    }

    [Fact]
    public async Task Recipes_begin_and_change_and_those_that_wait_are_the_new_ones()
    {
        await File.WriteAllTextAsync(_folder["wrong"], "EXITCODE=75\nHOST=elsewhere\n", Ct);
        await File.WriteAllTextAsync(_folder["right"], "MAILDIR=$HOME\n:0\nlists/\n", Ct);
        // The clock stands still: no pause ends.
        await using var server = await TestServer.StartAsync(time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        Assert.True((await server.ReloadAsync(o => o.Mailboxes["me@example.org"].Recipes = _folder["wrong"])).IsTaken);
        Assert.StartsWith("250", await SendAsync(server, "lunch"), StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, "\"failures\": 1");
        Assert.True((await server.ReloadAsync(o => o.Mailboxes["me@example.org"].Recipes = _folder["right"])).IsTaken);
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(server.Maildir)!, "lists", "new")));

        // The mailbox moves, and its recipes with it.
        Assert.True((await server.ReloadAsync(o => o.Mailboxes["me@example.org"].Path = _folder["moved/Maildir"])).IsTaken);
        Assert.StartsWith("250", await SendAsync(server, "dinner"), StringComparison.Ordinal);
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["moved/lists/new"]));
    }

    [Fact]
    public async Task Hosts_blocked_by_hand_stay_so_and_what_is_written_into_the_file_counts()
    {
        await using var server = await TestServer.StartAsync(o => o.Listen.ProxyFrom = [IPNetwork.Parse("127.0.0.0/8")]);
        await File.WriteAllTextAsync(
            DataPaths.Overrides(server.Options),
            """{"strict":[],"blocked":[{"subject":"203.0.113.0/24","until":"2199-01-01T00:00:00+00:00","by":"me"}]}""", Ct);
        await Dialog.RunAsync(server.Smtp, Bounce("250"));
        Assert.True((await server.ReloadAsync()).IsTaken);
        await Dialog.RunAsync(server.Smtp, Bounce("550 5.7.1"));
        await File.WriteAllTextAsync(DataPaths.Overrides(server.Options), "{}", Ct);
        Assert.False((await server.ReloadAsync()).IsTaken);
        await Dialog.RunAsync(server.Smtp, Bounce("550 5.7.1"));
        Assert.Empty(Directory.GetFiles(server.Options.Data, "*.damaged-*"));

        static string Bounce(string reply) =>
            "R: PROXY TCP4 203.0.113.9 192.0.2.1 4711 25\\r\\n\nS: 220\nC: HELO c\nS: 250\nC: MAIL FROM:<>\nS: 250\n"
                + $"C: RCPT TO:<me@example.org>\nS: {reply}";
    }

    [Fact]
    public async Task Another_password_ends_every_login()
    {
        var first = PasswordHash.Make("the first password");
        await using var server = await TestServer.StartAsync(o => o.Web.Password = first);
        using var browser = new Browser(server);
        Assert.Equal(HttpStatusCode.Found, await browser.LogInAsync("the first password"));
        Assert.Equal(HttpStatusCode.OK, await browser.GetAsync("/"));
        Assert.True((await server.ReloadAsync()).IsTaken);
        Assert.Equal(HttpStatusCode.OK, await browser.GetAsync("/"));
        Assert.True((await server.ReloadAsync(o => o.Web.Password = PasswordHash.Make("the second password"))).IsTaken);
        Assert.Equal(HttpStatusCode.Found, await browser.GetAsync("/"));
        Assert.Equal(HttpStatusCode.Found, await browser.LogInAsync("the second password"));
        Assert.Equal(HttpStatusCode.OK, await browser.GetAsync("/"));
    }

    /// <summary>Whoever may use the data folder may ask.</summary>
    [Fact]
    public async Task Reload_is_asked_for_at_the_control_socket()
    {
        await using var server = await TestServer.StartAsync();
        using var client = ControlClient.TryConnect(DataPaths.Spool(server.Options))!;
        var replies = new List<QueueReply>();
        await foreach (var reply in client.AskAsync(new(ReloadReport.Verb), Ct))
        {
            replies.Add(reply);
        }

        Assert.True(Assert.Single(replies).Reload!.IsTaken);
    }

    private static async Task Until(Func<bool> isSo)
    {
        for (var tries = 0; !isSo(); tries++)
        {
            Assert.True(tries < 1500, "not so after half a minute");
            await Task.Delay(20, Ct);
        }
    }

    private void Write(string name, (string Chain, string Key) issued)
    {
        File.WriteAllText(_folder[name + ".pem"], issued.Chain);
        File.WriteAllText(_folder[name + ".key"], issued.Key);
    }

    private async Task<string> FolderOfAsync(TestServer server, string subject)
    {
        Assert.StartsWith("250", await SendAsync(server, subject), StringComparison.Ordinal);
        await server.DeliveredAsync();
        return _lines.All.Last(l => l.Contains(" delivered mailbox=", StringComparison.Ordinal)).Split("folder=")[1].Split(' ')[0];
    }

    private static Task<string> SendAsync(TestServer server, string subject) =>
        ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", $"Subject: {subject}\n\ntext\n");

    private static async Task<string> AskAsync(IPEndPoint at, string question)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(at, Ct);
        await socket.SendAsync(Encoding.ASCII.GetBytes(question), Ct);
        var reply = new byte[1024];
        return Encoding.ASCII.GetString(reply, 0, await socket.ReceiveAsync(reply, Ct));
    }

    private static async Task<string> CertificateAsync(TestServer server)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Smtp, Ct);
        using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
        await reader.ReadLineAsync(Ct);
        foreach (var command in new[] { "EHLO client.example\r\n", "STARTTLS\r\n" })
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(command), Ct);
            while ((await reader.ReadLineAsync(Ct))![3] == '-')
            {
            }
        }

        X509Certificate? shown = null;
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(
            new()
            {
                TargetHost = "mx",
                RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = certificate) is not null,
            },
            Ct);
        return shown!.Subject;
    }
}
