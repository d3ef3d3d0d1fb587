using System.Text;
using Microsoft.Data.Sqlite;

namespace Backstop.Tests.Server;

/// <summary>Addresses in files, databases and servers: asked at RCPT, and never taken for missing when they cannot be asked.</summary>
public sealed class TableServerTests : IDisposable
{
    private const string Me = "me@example.org";
    private const string You = "you@example.org";
    private const string Text = "From: a@example.net\nSubject: lunch\n\nhello";
    private const string Later = "451 4.3.0 The recipient cannot be looked up now, try again later (recipient:table)";
    private const string Unknown = "550 5.1.1 No such mailbox here (recipient:unknown)";

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Socketmap_leads_to_mailboxes()
    {
        await using var map = new SocketmapServer
        {
            Values = { ["team@example.org"] = $"{Me}, {You}", ["one@example.org"] = "team@example.org" },
        };
        await using var server = await TestServer.StartAsync(o => o.Recipients.Tables = [map.Entry]);
        Assert.StartsWith("250", await SendAsync(server, "One+x@Example.ORG"), StringComparison.Ordinal);
        Assert.Equal(["one+x@example.org", "one@example.org", "team@example.org"], map.Asked);
        Assert.Equal(Unknown, await SendAsync(server, "nobody@example.org"));
        Assert.Equal(Unknown, await SendAsync(server, "nobody@example.org"));
        Assert.Equal(4, map.Asked.Count);
        Assert.StartsWith("250", await SendAsync(server, Me), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "postmaster@example.org"), StringComparison.Ordinal);
        Assert.StartsWith("550 5.7.1", await SendAsync(server, "one@elsewhere.example"), StringComparison.Ordinal);
        Assert.Equal(["postmaster@example.org"], map.Asked.Skip(4));
        await ServerMail.StatusAsync(server, "\"check\": \"table\",");
        Assert.Equal(3, (await server.MessagesAsync()).Length);
    }

    /// <summary>Whatever a server does instead of answering, no user is unknown because of it.</summary>
    [Theory]
    [InlineData("12:TEMP no LDAP,")]
    [InlineData("12:PERM no LDAP,")]
    [InlineData("8:TIMEOUT ,")]
    [InlineData("12:NOTFOUND no ,")]
    [InlineData("3:OK ")]
    [InlineData("3:OK x")]
    [InlineData("999999:OK ")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("")]
    public async Task Server_that_does_not_answer_defers_the_mail(string reply)
    {
        await using var map = new SocketmapServer { Says = Encoding.ASCII.GetBytes(reply) };
        await using var server = await TestServer.StartAsync(o =>
        {
            (o.Recipients.Tables, o.Recipients.TimeLimit) = ([map.Entry], TimeSpan.FromSeconds(1));
            o.Mailboxes[You].Aliases = ["@example.org"];
        });
        var wanted = reply.StartsWith("12:NOTFOUND", StringComparison.Ordinal) ? "250" : Later;
        Assert.Equal(wanted, Front(await SendAsync(server, "one@example.org")));
        Assert.StartsWith("250", await SendAsync(server, Me), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "abuse@example.org"), StringComparison.Ordinal);

        static string Front(string answer) => answer.StartsWith("250", StringComparison.Ordinal) ? "250" : answer;
    }

    [Fact]
    public async Task Silent_server_is_not_waited_for_by_every_client()
    {
        await using var map = new SocketmapServer { IsSilent = true };
        await using var server = await TestServer.StartAsync(o =>
            (o.Recipients.Tables, o.Recipients.TimeLimit) = ([map.Entry], TimeSpan.FromMilliseconds(100)));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(Later, await SendAsync(server, $"user{i}@example.org"));
        }

        Assert.Equal(3, map.Asked.Count);
        await ServerMail.StatusAsync(server, "no answer within 0.1 s");
        using var web = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        Assert.Contains("\"state\": \"down\"", await web.GetStringAsync("/status", Ct), StringComparison.Ordinal);
    }

    /// <summary>What a table says may be wrong: the mail waits until it is mended, and is neither refused nor lost.</summary>
    [Theory]
    [InlineData("me@gmail.example")]
    [InlineData("me")]
    [InlineData("a@example.org")]
    [InlineData("loop@example.org")]
    [InlineData("nobody@example.org")]
    [InlineData("@example.org")]
    public async Task Entry_that_leads_to_no_mailbox_defers_the_mail(string value)
    {
        await using var map = new SocketmapServer { Values = { ["a@example.org"] = value, ["loop@example.org"] = "a@example.org" } };
        await using var server = await TestServer.StartAsync(o => o.Recipients.Tables = [map.Entry]);
        Assert.Equal(
            "451 4.3.0 The recipient cannot be looked up now, try again later (recipient:alias)", await SendAsync(server, "a@example.org"));
    }

    [Fact]
    public async Task Entry_with_one_address_that_is_gone_reaches_the_others()
    {
        await using var map = new SocketmapServer { Values = { ["a@example.org"] = $"gone@example.org {Me}" } };
        await using var server = await TestServer.StartAsync(o => o.Recipients.Tables = [map.Entry]);
        Assert.StartsWith("250", await SendAsync(server, "a@example.org"), StringComparison.Ordinal);
        Assert.Single(await server.MessagesAsync());
    }

    [Fact]
    public async Task Database_is_asked_with_the_address_as_a_parameter()
    {
        Execute("CREATE TABLE aliases (address TEXT, target TEXT)");
        Execute($"INSERT INTO aliases VALUES ('team@example.org', '{Me}'), ('team@example.org', '{You}')");
        Execute("INSERT INTO aliases VALUES ('@mapped.example', '@example.org')");
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Domains = ["example.org", "mapped.example"];
            o.Recipients.Tables = [$"sqlite:{_folder["users.db"]}"];
            o.Recipients.Query = "SELECT target FROM aliases WHERE address = $address";
        });
        Assert.StartsWith("250", await SendAsync(server, "team@example.org"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "me@mapped.example"), StringComparison.Ordinal);
        Assert.Equal(Unknown, await SendAsync(server, "nobody@mapped.example"));
        Assert.Equal(Unknown, await SendAsync(server, "x'OR'1'='1@example.org"));
        Assert.Equal(Unknown, await SendAsync(server, "\"' OR 1=1 --\"@example.org"));
        Assert.Equal(2, (await server.MessagesAsync()).Length);
    }

    /// <summary>The file is replaced as administrators do it, by a rename.</summary>
    [Fact]
    public async Task Database_that_is_replaced_is_read_at_once()
    {
        Execute("CREATE TABLE aliases (address TEXT, target TEXT)");
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Recipients.Tables = [$"sqlite:{_folder["users.db"]}"];
            (o.Recipients.Query, o.Recipients.MissingFor) = ("SELECT target FROM aliases WHERE address = $address", TimeSpan.Zero);
        });
        Assert.Equal(Unknown, await SendAsync(server, "team@example.org"));
        Execute("CREATE TABLE aliases (address TEXT, target TEXT)", "new.db");
        Execute($"INSERT INTO aliases VALUES ('team@example.org', '{Me}')", "new.db");
        File.Move(_folder["new.db"], _folder["users.db"], overwrite: true);
        Assert.StartsWith("250", await SendAsync(server, "team@example.org"), StringComparison.Ordinal);
        File.Delete(_folder["users.db"]);
        Assert.Equal(Later, await SendAsync(server, "other@example.org"));
    }

    [Fact]
    public async Task Query_without_end_defers_the_mail()
    {
        Execute("CREATE TABLE aliases (address TEXT, target TEXT)");
        const string Endless =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE $address <> 'nobody@invalid'";
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Recipients.Tables = [$"sqlite:{_folder["users.db"]}"];
            (o.Recipients.Query, o.Recipients.TimeLimit) = (Endless, TimeSpan.FromMilliseconds(200));
        });
        Assert.Equal(Later, await SendAsync(server, "team@example.org"));
        Assert.StartsWith("250", await SendAsync(server, Me), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_that_cannot_be_asked_is_told_at_the_start()
    {
        Execute("CREATE TABLE aliases (address TEXT, target TEXT)");
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => TestServer.StartAsync(o =>
        {
            o.Recipients.Tables = [$"sqlite:{_folder["users.db"]}"];
            o.Recipients.Query = "SELECT target FROM users WHERE address = $address";
        }));
        Assert.Contains("no such table: users", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_file_is_taken_up_and_a_wrong_one_is_not()
    {
        var path = Write($"# people\nteam@example.org {Me},\n  {You}\n\n@old.example me@example.org\n");
        await using var server = await TestServer.StartAsync(o =>
            (o.Domains, o.Recipients.Tables) = (["example.org", "old.example"], [$"file:{path}"]));
        Assert.StartsWith("250", await SendAsync(server, "TEAM+x@example.org"), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "any@old.example"), StringComparison.Ordinal);
        Assert.Equal(Unknown, await SendAsync(server, "new@example.org"));

        Write($"new@example.org {Me}\n");
        Assert.StartsWith("250", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        Assert.Equal(Unknown, await SendAsync(server, "team@example.org"));

        Write($"newer@example.org {Me}\nteam@example.org {Me}, gmail\n");
        Assert.Equal(Unknown, await SendAsync(server, "newer@example.org"));
        Assert.StartsWith("250", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        await ServerMail.StatusAsync(server, $"{path}:2: ");

        File.Delete(path);
        Assert.Equal(Later, await SendAsync(server, "newer@example.org"));
        Assert.StartsWith("250", await SendAsync(server, "new@example.org"), StringComparison.Ordinal);
        Write($"newer@example.org {Me}\n");
        Assert.StartsWith("250", await SendAsync(server, "newer@example.org"), StringComparison.Ordinal);
    }

    /// <summary>As Postfix reads such a file: an alias comes first, and the mailbox keeps what its own line names it for.</summary>
    [Fact]
    public async Task Line_of_a_file_comes_before_the_mailbox_with_its_address()
    {
        var path = Write($"{Me} {Me}, {You}\n");
        await using var server = await TestServer.StartAsync(o => o.Recipients.Tables = [$"file:{path}"]);
        Assert.StartsWith("250", await SendAsync(server, "me+x@example.org"), StringComparison.Ordinal);
        Assert.Single(await server.MessagesAsync());
        Assert.Single(Directory.GetFiles(Path.Combine(server.Options.Data, "mail", You, "Maildir", "new")));

        // While it is written, the mailboxes of the configuration get their mail.
        await File.WriteAllTextAsync(path, $"{Me} {You}\n", Ct);
        File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1));
        Assert.StartsWith("250", await SendAsync(server, "you+x@example.org"), StringComparison.Ordinal);
    }

    /// <summary>An editor may have written half of it.</summary>
    [Fact]
    public async Task File_that_changes_just_now_is_not_read_yet()
    {
        var path = Write($"team@example.org {Me}\n");
        await using var server = await TestServer.StartAsync(o => o.Recipients.Tables = [$"file:{path}"]);
        await File.WriteAllTextAsync(path, $"new@example.org {Me}\n", Ct);
        File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1));
        Assert.Equal(Later, await SendAsync(server, "new@example.org"));
        Assert.StartsWith("250", await SendAsync(server, "team@example.org"), StringComparison.Ordinal);
    }

    /// <summary>Whoever is in a table has a mailbox without being named in the configuration.</summary>
    [Fact]
    public async Task Address_that_only_a_table_knows_has_its_mailbox_where_its_domain_says()
    {
        var path = Write($"ann@example.org\nbob@example.org bob@example.org\nteam@example.org ann@example.org, ANN+x@example.org, {Me}\n");
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Recipients.Tables = [$"file:{path}"];
            o.Domain["example.org"] = new() { Path = _folder["mail/%d/%l/Maildir"] };
        });
        foreach (var to in new[] { "ann+list@example.org", "BOB@example.org", "team@example.org" })
        {
            Assert.StartsWith("250", await SendAsync(server, to), StringComparison.Ordinal);
        }

        Assert.Equal(Unknown, await SendAsync(server, "nobody@example.org"));
        await server.DeliveredAsync();
        Assert.Equal(2, Directory.GetFiles(_folder["mail/example.org/ann/Maildir/new"]).Length);
        Assert.Single(Directory.GetFiles(_folder["mail/example.org/bob/Maildir/new"]));
        Assert.Single(Directory.GetFiles(server.Inbox));
    }

    /// <summary>What was accepted is delivered, also where the table has forgotten the address or the domain's place has changed.</summary>
    [Fact]
    public async Task Mail_for_an_address_of_a_table_follows_the_place_of_its_domain()
    {
        await File.WriteAllTextAsync(_folder["file"], "", Ct);
        var path = Write("ann@example.org\n");
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Recipients.Tables = [$"file:{path}"];
            o.Domain["example.org"] = new() { Path = _folder["file/%l"] };
        });
        Assert.StartsWith("250", await SendAsync(server, "ann@example.org"), StringComparison.Ordinal);
        Write($"bob@example.org {Me}\n");
        server.Options.Domain["example.org"].Path = _folder["mended/%l"];
        await server.RestartAsync();
        await server.DeliveredAsync();
        Assert.Single(Directory.GetFiles(_folder["mended/ann/new"]));
    }

    [Fact]
    public async Task Reload_takes_other_tables_and_keeps_the_old_ones_where_a_file_is_wrong()
    {
        var path = Write($"team@example.org {Me}\n");
        await using var server = await TestServer.StartAsync();
        Assert.Equal(Unknown, await SendAsync(server, "team@example.org"));
        Assert.True((await server.ReloadAsync(o => o.Recipients.Tables = [$"file:{path}"])).IsTaken);
        Assert.StartsWith("250", await SendAsync(server, "team@example.org"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["other"], "gmail\n", Ct);
        var refused = await server.ReloadAsync(o => o.Recipients.Tables = [$"file:{_folder["other"]}"]);
        Assert.Contains($"{_folder["other"]}:1: \"gmail\" is not an address", string.Join("; ", refused.Errors), StringComparison.Ordinal);
        Assert.StartsWith("250", await SendAsync(server, "team@example.org"), StringComparison.Ordinal);
    }

    // Each time older than before, and long settled.
    private string Write(string text)
    {
        var path = _folder["recipients"];
        var before = File.Exists(path) ? File.GetLastWriteTimeUtc(path) : TimeProvider.System.GetUtcNow().UtcDateTime;
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, before.AddMinutes(-1));
        return path;
    }

    private void Execute(string sql, string file = "users.db")
    {
        using var connection = new SqliteConnection($"Data Source={_folder[file]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static Task<string> SendAsync(TestServer server, string to) => ServerMail.SendAsync(server, "<a@example.net>", to, Text);
}
