using System.Net;
using Backstop.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A reload takes up all of a new configuration or nothing, and whoever is under way ends by the one that it began with.</summary>
public sealed class ReloadTests : IDisposable
{
    private const string Mail = "Subject: hello\n\ntext\n";

    private readonly TempFolder _folder = new();
    private readonly LogLines _lines = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mailbox_that_comes_gets_mail_and_one_that_goes_is_unknown()
    {
        await using var server = await TestServer.StartAsync();
        Assert.StartsWith("550 5.1.1", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        var report = await server.ReloadAsync(o =>
        {
            o.Mailboxes["new@example.org"] = new();
            o.Mailboxes.Remove("you@example.org");
        });
        Assert.True(report.IsTaken, string.Join('\n', report.Errors));
        Assert.Equal(["mailboxes.new@example.org", "mailboxes.you@example.org"], report.Changed);
        Assert.StartsWith("250", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        Assert.StartsWith("550 5.1.1", await SendAsync(server, "you@example.org"), StringComparison.Ordinal);
        await server.DeliveredAsync();
        Assert.Single(Inbox(server, "new@example.org"));
    }

    [Fact]
    public async Task Wrong_configuration_is_refused_with_its_errors_and_all_of_the_old_one_stays()
    {
        await using var server = await StartLoggedAsync();
        var file = _folder["backstop.toml"];
        await File.WriteAllTextAsync(
            file, "domains = [\"example.org\"]\n[smtp]\nmax_mesage = 1\n[mailboxes]\n\"me@else.example\" = {}\n", Ct);
        var report = await server.ReloadAsync(warnings => ConfigFile.Read(file, warnings));
        Assert.False(report.IsTaken);
        Assert.Contains($"{file}:3:1: smtp: unknown key \"max_mesage\"; did you mean \"max_message\"?", report.Errors);
        Assert.Contains(report.Errors, e => e.StartsWith($"{file}:5:1: ", StringComparison.Ordinal));
        Assert.StartsWith("250", await SendAsync(server, "you@example.org"), StringComparison.Ordinal);
        Assert.Contains(_lines.All, l => l.StartsWith("configuration refused, asked by a test", StringComparison.Ordinal));
        await ServerMail.StatusAsync(server, "\"isTaken\": false");
        Assert.True((await server.ReloadAsync(_ => (server.Options, []))).IsTaken);
        await ServerMail.StatusAsync(server, "\"isTaken\": true");
    }

    /// <summary>What is found only when it is opened is found before anything is changed.</summary>
    [Theory]
    [InlineData("keys")]
    [InlineData("certificate")]
    [InlineData("mailbox")]
    public async Task File_that_cannot_be_used_refuses_the_whole(string what)
    {
        await using var server = await TestServer.StartAsync();
        var file = _folder["file"];
        await File.WriteAllTextAsync(file, "no such thing\n", Ct);
        var report = await server.ReloadAsync(o =>
        {
            o.Mailboxes["new@example.org"] = new();
            (o.Batv.Keys, o.Tls.Certificate) = (what == "keys" ? file : "", what == "certificate" ? file : "");
            if (what == "mailbox")
            {
                o.Mailboxes["new@example.org"] = new() { Recipes = file, Path = file + "/below/Maildir" };
            }
        });
        Assert.False(report.IsTaken);
        Assert.Contains(file, Assert.Single(report.Errors), StringComparison.Ordinal);
        Assert.StartsWith("550 5.1.1", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "you@example.org"), StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, "\"name\": \"certificate\"");
        Assert.DoesNotContain("configured certificate", await StatusAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_needs_a_start_waits_and_the_rest_is_taken_up()
    {
        await using var server = await StartLoggedAsync();
        var report = await server.ReloadAsync(o =>
        {
            (o.Hostname, o.Data) = ("other.example.org", _folder["elsewhere"]);
            o.Listen.Lmtp = [];
            o.Smtp.MaxConnections = 77;
            o.Mailboxes["new@example.org"] = new();
        });
        Assert.True(report.IsTaken);
        Assert.Equal(["mailboxes.new@example.org"], report.Changed);
        Assert.Equal(["data", "hostname", "listen.lmtp", "smtp.max_connections"], report.Waiting);
        Assert.Contains("changed, and waits for a restart: data, hostname, listen.lmtp, smtp.max_connections", _lines.All);
        await ServerMail.StatusAsync(server, "\"smtp.max_connections\"");
        Assert.StartsWith("250", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        await server.DeliveredAsync();
        Assert.Single(Inbox(server, "new@example.org"));
        Assert.False(Directory.Exists(_folder["elsewhere"]));
        using var dialog = new Dialog(server.Lmtp);
        await dialog.ConnectAsync();
        Assert.Equal("220 mx.example.org LMTP Backstop", await dialog.ReadLineAsync());

        // Back again: nothing waits any more.
        var back = await server.ReloadAsync(o =>
        {
            (o.Hostname, o.Data) = ("mx.example.org", server.Options.Data);
            o.Listen.Lmtp = server.Options.Listen.Lmtp;
            o.Smtp.MaxConnections = new Configuration.Options.SmtpOptions().MaxConnections;
        });
        Assert.Empty(back.Waiting);
    }

    /// <summary>A next server may go only with the port whose mail it gets.</summary>
    [Fact]
    public async Task What_makes_no_sense_beside_what_waits_is_refused()
    {
        await using var server = await TestServer.StartAsync(o =>
            (o.Listen.SmtpProxy, o.Relay.SmtpTo) = ([new(IPAddress.Loopback, 0)], "127.0.0.1:9"));
        var report = await server.ReloadAsync(o => (o.Listen.SmtpProxy, o.Relay.SmtpTo) = ([], ""));
        Assert.False(report.IsTaken);
        Assert.Contains("relay.smtp_to", Assert.Single(report.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_session_ends_by_the_configuration_that_it_began_with()
    {
        await using var server = await TestServer.StartAsync();
        using var dialog = await BeginAsync(server, "you@example.org");
        Assert.StartsWith("354", await dialog.AskAsync("DATA"), StringComparison.Ordinal);
        await dialog.SendAsync("Subject: first half\r\n\r\n" + new string('x', 900) + "\r\n");
        var report = await server.ReloadAsync(o =>
        {
            o.Mailboxes.Remove("you@example.org");
            (o.Smtp.MaxMessage, o.Smtp.MaxRecipients) = (new(65536), 1);
        });
        Assert.True(report.IsTaken);
        for (var i = 0; i < 100; i++)
        {
            await dialog.SendAsync(new string('x', 900) + "\r\n");
        }

        Assert.StartsWith("250", await dialog.AskAsync("."), StringComparison.Ordinal);
        Assert.StartsWith("250", await dialog.AskAsync("MAIL FROM:<a@example.net> SIZE=70000"), StringComparison.Ordinal);
        Assert.StartsWith("250", await dialog.AskAsync("RCPT TO:<you@example.org>"), StringComparison.Ordinal);
        Assert.StartsWith("250", await dialog.AskAsync("RCPT TO:<me@example.org>"), StringComparison.Ordinal);

        // A new session goes by the new one.
        using var second = new Dialog(server.Smtp);
        await second.ConnectAsync();
        await second.ReadLineAsync();
        await second.AskAsync("EHLO client.example");
        Assert.StartsWith("552", await second.AskAsync("MAIL FROM:<a@example.net> SIZE=70000"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_for_a_mailbox_that_goes_waits_and_is_delivered_when_it_comes_back()
    {
        await using var server = await TestServer.StartAsync();
        using (var dialog = await BeginAsync(server, "you@example.org"))
        {
            Assert.True((await server.ReloadAsync(o => o.Mailboxes.Remove("you@example.org"))).IsTaken);
            Assert.StartsWith("354", await dialog.AskAsync("DATA"), StringComparison.Ordinal);
            await dialog.SendAsync("Subject: late\r\n\r\n");
            Assert.StartsWith("250", await dialog.AskAsync("."), StringComparison.Ordinal);
        }

        await ServerMail.StatusAsync(server, "\"stopped\": 1");
        Assert.Empty(Inbox(server, "you@example.org"));
        Assert.True((await server.ReloadAsync(o => o.Mailboxes["you@example.org"] = new() { Path = _folder["moved/Maildir"] })).IsTaken);
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["moved/Maildir/new"]));
    }

    /// <summary>A folder that fails is tried at once, not when its pause is over: the clock stands still.</summary>
    [Fact]
    public async Task Mail_of_a_mailbox_whose_path_is_mended_is_delivered_at_once()
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await TestServer.StartAsync(
            o => o.Mailboxes["you@example.org"].Path = _folder["file"] + "/Maildir", time);
        Assert.StartsWith("250", await SendAsync(server, "you@example.org"), StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, "\"failures\": 1");
        Assert.True((await server.ReloadAsync(o => o.Mailboxes["you@example.org"].Path = _folder["good/Maildir"])).IsTaken);
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["good/Maildir/new"]));
    }

    /// <summary>What the old configuration had open is closed behind its last session, and not before.</summary>
    [Fact]
    public async Task Old_configuration_is_closed_behind_its_last_session()
    {
        await using var server = await TestServer.StartAsync();
        using (await BeginAsync(server, "me@example.org"))
        {
            Assert.True((await server.ReloadAsync()).IsTaken);
            Assert.Equal(2, await CertificatesAsync(server));
        }

        await server.HasSessionsAsync(0);
        for (var tries = 0; await CertificatesAsync(server) > 1; tries++)
        {
            Assert.True(tries < 500, "not closed after ten seconds");
            await Task.Delay(20, Ct);
        }
    }

    [Fact]
    public async Task Reloads_come_one_after_the_other_and_none_after_the_stop()
    {
        await using var server = await TestServer.StartAsync();
        var count = 0;
        var most = 0;
        var reports = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => server.ReloadAsync(o =>
        {
            most = Math.Max(most, Interlocked.Increment(ref count));
            o.Mailboxes[$"m{i}@example.org"] = new();
            Interlocked.Decrement(ref count);
        }))));
        Assert.All(reports, r => Assert.True(r.IsTaken, string.Join('\n', r.Errors)));
        Assert.Equal(1, most);
        await server.StopAsync();
        var late = await server.ReloadAsync();
        Assert.Equal((false, true), (late.IsTaken, late.IsForLater));
    }

    private static async Task<int> CertificatesAsync(TestServer server)
    {
        using var status = System.Text.Json.JsonDocument.Parse(await StatusAsync(server));
        return status.RootElement.GetProperty("stores").EnumerateArray().Count(s => s.GetProperty("name").GetString() == "certificate");
    }

    private Task<TestServer> StartLoggedAsync() => TestServer.StartAsync(logging: l => l.AddProvider(_lines));

    private static string[] Inbox(TestServer server, string address)
    {
        var path = Path.Combine(server.Options.Data, "mail", address, "Maildir", "new");
        return Directory.Exists(path) ? Directory.GetFiles(path) : [];
    }

    private static Task<string> SendAsync(TestServer server, string to) => ServerMail.SendAsync(server, "<a@example.net>", to, Mail);

    private static async Task<string> StatusAsync(TestServer server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri($"http://{server.Web}/status"), Ct);
    }

    private static async Task<Dialog> BeginAsync(TestServer server, string to)
    {
        var dialog = new Dialog(server.Smtp);
        await dialog.ConnectAsync();
        await dialog.ReadLineAsync();
        await dialog.AskAsync("EHLO client.example");
        Assert.StartsWith("250", await dialog.AskAsync("MAIL FROM:<a@example.net>"), StringComparison.Ordinal);
        Assert.StartsWith("250", await dialog.AskAsync($"RCPT TO:<{to}>"), StringComparison.Ordinal);
        return dialog;
    }
}
