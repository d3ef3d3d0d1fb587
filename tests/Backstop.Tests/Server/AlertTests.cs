using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Backstop.Server.Alerts;
using Backstop.State;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>One alert where twenty thousand mails came: by webhook, program and mail.</summary>
public sealed class AlertTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TcpListener _hook = new(IPAddress.Loopback, 0);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _hook.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_alert_is_sent_once_over_each_channel()
    {
        _hook.Start();
        var program = _folder["alert"];
        await File.WriteAllTextAsync(
            program, $"#!/bin/sh\ncat > {_folder["said"]}.new\nmv {_folder["said"]}.new {_folder["said"]}.$1\n", Ct);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var outside = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Storm.Sources = 1;
            o.Alert = new()
            {
                Webhook = $"http://{_hook.LocalEndpoint}/storm",
                Command = program,
                MailTo = "you@example.org",
                MailVia = outside.Smtp.ToString()
            };
        });
        for (var i = 0; i < 30; i++)
        {
            await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf($"{i}@forged.example"));
        }

        using var posted = JsonDocument.Parse(await ReadPostAsync());
        Assert.Equal(
            ("begins", "mx.example.org"),
            (posted.RootElement.GetProperty("event").GetString(), posted.RootElement.GetProperty("hostname").GetString()));
        Assert.Equal("me@example.org", posted.RootElement.GetProperty("storms")[0].GetProperty("victim").GetString());
        var mail = Path.Combine(outside.Options.Data, "mail", "you@example.org", "Maildir", "new");
        for (
            var tries = 0; !(
                File.Exists(_folder["said"] + ".begins") && Directory.Exists(mail) && Directory.GetFiles(mail).Length > 0); tries++)
        {
            Assert.True(tries < 500, "not told after ten seconds");
            await Task.Delay(20, Ct);
        }

        var text = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(mail)), Ct);
        Assert.Contains("Subject: Backstop: a storm begins (bounce-flood)", text, StringComparison.Ordinal);
        Assert.Contains("Return-Path: <>", text, StringComparison.Ordinal);
        Assert.Contains("Auto-Submitted: auto-generated", text, StringComparison.Ordinal);
        Assert.False(_hook.Pending());
        await ServerMail.StatusAsync(server, "\"messagesGenerated\": 1");
        using var client = new HttpClient();
        var metrics = await client.GetStringAsync(new Uri($"http://{server.Web}/metrics"), Ct);
        Assert.Matches("(?m)^backstop_messages_generated_total(?:{.*})? 1\\b", metrics);
    }

    [Fact]
    public async Task The_victim_of_a_storm_gets_no_alert_about_it()
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Storm.Sources = 1;
            o.Alert = new() { Webhook = "", MailTo = "me@example.org", MailVia = "127.0.0.1:1", Command = "/bin/true" };
        });
        for (var i = 0; i < 12; i++)
        {
            await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf($"{i}@forged.example"));
        }

        using var client = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        for (
            var tries = 0; !(await client.GetStringAsync("/metrics", Ct)).Contains(
                "backstop_alerts_total{", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 500, "not told after ten seconds");
            await Task.Delay(20, Ct);
        }

        Assert.DoesNotContain("channel=\"mail\"", await client.GetStringAsync("/metrics", Ct), StringComparison.Ordinal);
        Assert.Contains("\"messagesGenerated\": 0", await client.GetStringAsync("/status", Ct), StringComparison.Ordinal);
    }

    /// <summary>A journal on a full disk that is damaged as well is told of twice; one that fails and works by turns once a day.</summary>
    [Fact]
    public void A_failing_store_alerts_once_a_day_for_each_kind()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero));
        var alerts = new StoreAlerts(time);
        var full = new StoreState("journal", "journal.db", StoreFault.Full, "disk full", null, null, null);
        Assert.True(alerts.IsNew(full));
        Assert.False(alerts.IsNew(full));
        Assert.True(alerts.IsNew(full with { Fault = null }));
        Assert.True(alerts.IsNew(full with { Fault = StoreFault.Locked }));
        Assert.True(alerts.IsNew(full with { Name = "bayes" }));
        Assert.False(alerts.IsNew(full));
        time.Advance(TimeSpan.FromDays(1));
        Assert.True(alerts.IsNew(full));
    }

    private async Task<string> ReadPostAsync()
    {
        using var client = await _hook.AcceptTcpClientAsync(Ct);
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        Assert.Equal("POST /storm HTTP/1.1", await reader.ReadLineAsync(Ct));
        var length = 0;
        while (await reader.ReadLineAsync(Ct) is { Length: > 0 } line)
        {
            length = line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)
                ? int.Parse(line[16..], System.Globalization.CultureInfo.InvariantCulture)
                : length;
        }

        var body = new char[length];
        var read = await reader.ReadBlockAsync(body, Ct);
        await client.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray(), Ct);
        return new(body, 0, read);
    }
}
