using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Server;

/// <summary>
/// What becomes of mail and of the store when it is used again, is lost, or is one that persons or the first start have written.
/// </summary>
public sealed class StoreTroubleTests : IDisposable
{
    private readonly StoreDamage _damage = new();
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _damage.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Locked_store_is_used_when_it_is_free_again()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                StoreDamage.Configure(o, "journal");
                _damage.Seed(o);
                _damage.Damage(StoreDamage.PathOf(o, "journal"), "locked");
            },
            _damage.Time);
        Assert.Equal("locked", await StoreDamage.StateAsync(server, "journal"));
        Assert.StartsWith("250", await StoreDamage.BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
        Assert.Contains("journal:failed", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
        _damage.Release();
        _damage.Time.Advance(TimeSpan.FromSeconds(11));
        await ServerMail.StatusAsync(server, "\"name\": \"journal\"");
        for (var tries = 0; await StoreDamage.StateAsync(server, "journal") != "ok"; tries++)
        {
            Assert.True(tries < 500, "never used again");
            _damage.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, Ct);
        }

        Assert.StartsWith("550", await StoreDamage.BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
    }

    /// <summary>Nothing is refused for want of what was lost; the day after it would count no more, all is as before.</summary>
    [Fact]
    public async Task Lost_journal_files_until_what_was_in_it_would_not_count_any_more()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                StoreDamage.Configure(o, "journal");

                // A week would be half a million ticks of each timer of the server.
                o.Backscatter.ProofWindow = TimeSpan.FromDays(1);
                _damage.Seed(o);
                _damage.Damage(StoreDamage.PathOf(o, "journal"), "bad header");
            },
            _damage.Time);
        Assert.StartsWith("250", await StoreDamage.BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
        Assert.Contains("journal:lost", Assert.Single(await server.MessagesAsync("Backscatter")), StringComparison.Ordinal);
        _damage.Time.Advance(server.Options.Backscatter.ProofWindow + TimeSpan.FromHours(1));
        Assert.StartsWith("550", await StoreDamage.BounceAsync(server, "unknown@forged.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storm_refuses_nothing_for_want_of_a_lost_journal()
    {
        await using var server = await TestServer.StartAsync(
            o =>
            {
                StoreDamage.Configure(o, "journal");
                o.Backscatter.Unproved = UnprovedPolicy.Auto;
                o.Storm.Sources = 1;
                _damage.Seed(o);
                _damage.Damage(StoreDamage.PathOf(o, "journal"), "truncated");
            },
            _damage.Time);
        for (var i = 0; i < 30; i++)
        {
            Assert.StartsWith("250", await StoreDamage.BounceAsync(server, $"{i}@forged.example"), StringComparison.Ordinal);
        }
    }

    /// <summary>An alert, for who has asked for alerts; at the start as well.</summary>
    [Fact]
    public async Task Damage_is_alerted()
    {
        var program = _folder["alert"];
        await File.WriteAllTextAsync(
            program, $"#!/bin/sh\ncat > {_folder["said"]}.new\nmv {_folder["said"]}.new {_folder["said"]}.$1\n", Ct);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var server = await TestServer.StartAsync(o =>
        {
            StoreDamage.Configure(o, "correspondents");
            o.Alert.Command = program;
            _damage.Seed(o);
            _damage.Damage(StoreDamage.PathOf(o, "correspondents"), "bad header");
        });
        for (var tries = 0; !File.Exists(_folder["said"] + ".store"); tries++)
        {
            Assert.True(tries < 500, "not told after ten seconds");
            await Task.Delay(20, Ct);
        }

        Assert.Contains(
            StoreDamage.PathOf(server.Options, "correspondents"), await File.ReadAllTextAsync(_folder["said"] + ".store", Ct),
            StringComparison.Ordinal);
    }

    /// <summary>What persons have set, and the certificate that is made once, are stores like the others.</summary>
    [Theory]
    [InlineData("overrides.json", "{\"strict\": null, \"blocked\": [null]}", "overrides")]
    [InlineData("overrides.json", "nonsense", "overrides")]
    [InlineData("tls/self-signed.pem", "nonsense", "certificate")]
    [InlineData("tls/self-signed.pem", "", "certificate")]
    [InlineData("storms/" + StoreDamage.Unfinished + ".json", "{}", "storms")]
    [InlineData("storms/" + StoreDamage.Unfinished + ".json", "null", "storms")]
    public async Task Damaged_file_is_set_aside(string file, string content, string store)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Tls.Enabled = true;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(o.Data, file))!);
            File.WriteAllText(Path.Combine(o.Data, file), content);
        });
        Assert.Equal("lost", await StoreDamage.StateAsync(server, store));
        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, "<a@b.example>", "me@example.org", "Subject: hello\n\nhello\n"),
            StringComparison.Ordinal);
        var aside = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(Path.Combine(server.Options.Data, file))!, "*.damaged-*"));
        Assert.Equal(content, await File.ReadAllTextAsync(aside, Ct));
    }
}
