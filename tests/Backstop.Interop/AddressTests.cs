using System.Globalization;
using System.Text;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Aliases and tables beside a real Postfix: the same file leads the same addresses to the same mailboxes.</summary>
public sealed class AddressTests
{
    private const string Table = """
        # sales
        sales@bench.test   victim@bench.test,
            legit@bench.test
        all@bench.test	sales@bench.test user@bench.test
        # a copy for somebody else
        user@bench.test    user@bench.test, legit@bench.test

        Alias@Bench.test   sales+x@bench.test
        @old.test          @bench.test
        @one.test          user@bench.test

        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Aliases_lead_where_postfix_leads_them()
    {
        string[] addresses =
        [
            "sales@bench.test", "SALES+list@bench.test", "all@bench.test", "user@bench.test", "user+x@bench.test", "victim@bench.test",
            "alias@bench.test", "legit@old.test", "all@old.test", "nobody@old.test", "any@one.test", "nobody@bench.test",
        ];
        using var folder = new TempFolder();
        var file = folder["aliases"];
        await File.WriteAllTextAsync(file, Table, Ct);
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1ED);
        using var theirs = new TempFolder();
        using var postfix = await Postfix.StartAsync(
            theirs["mail"],
            $"virtual_alias_maps = texthash:{file}\nvirtual_alias_domains = old.test, one.test\nrecipient_delimiter = +\n");
        using var ours = new TempFolder();
        using var server = await Server.StartAsync(
            ours.Path, $"recipients.tables = \"file:{file}\"", domains: "\"old.test\", \"one.test\"");
        foreach (var (number, address) in addresses.Index())
        {
            await SendAsync(postfix.Port, address, number);
            await SendAsync(server.SmtpPort, address, number);
        }

        await postfix.EmptyAsync();
        await server.DeliveredAsync();
        Assert.Equal(
            Delivered(addresses, name => Path.Combine(theirs["mail"], $"{name}@bench.test", "Maildir")),
            Delivered(addresses, server.Maildir));
    }

    [Fact]
    public async Task Postfix_asks_our_tables_for_aliases()
    {
        using var guard = await Guard.StartAsync();
        using var postfix = await Postfix.StartAsync(
            Path.Combine(guard.Data, "mail"),
            string.Create(CultureInfo.InvariantCulture, $"virtual_alias_maps = socketmap:inet:127.0.0.1:{guard.Table}:untag\n"));
        var postmap = Needs.Program("postmap", "postfix");
        var map = string.Create(CultureInfo.InvariantCulture, $"socketmap:inet:127.0.0.1:{guard.Table}:");
        var tagged = (await AskAsync("sign", "user@bench.test")).Trim();
        Assert.StartsWith("prvs=", tagged, StringComparison.Ordinal);
        Assert.Equal("user@bench.test", (await AskAsync("untag", tagged)).Trim());
        Assert.Equal("", await AskAsync("untag", "user@bench.test"));
        await SendAsync(postfix.Port, tagged, 0);
        await postfix.EmptyAsync();
        Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "user@bench.test", "Maildir")));

        Task<string> AskAsync(string table, string key) =>
            Tool.RunAsync(postmap, ["-q", key, map + table], TimeSpan.FromMinutes(1), 0, 1);
    }

    // Which mailboxes have the message to each address, and how often.
    private static string[] Delivered(string[] addresses, Func<string, string> maildir)
    {
        var found = new[] { "victim", "legit", "user" }.SelectMany(name => MessageFiles.Read(maildir(name)).Select(m =>
        {
            var text = Encoding.Latin1.GetString(m.Bytes.Span);
            var line = text.Split('\n').First(l => l.StartsWith("Subject: number ", StringComparison.Ordinal));
            return (Number: int.Parse(line.AsSpan("Subject: number ".Length), CultureInfo.InvariantCulture), name);
        })).ToLookup(f => f.Number, f => f.name);
        return [.. addresses.Select((a, i) => $"{a}: {string.Join(' ', found[i].Order(StringComparer.Ordinal))}")];
    }

    private static async Task SendAsync(int port, string to, int number) => await Tool.RunAsync(
        Needs.Program("swaks", "swaks"),
        [
            "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--from", "a@else.example", "--to", to, "--ehlo",
            "client.example", "--header", string.Create(CultureInfo.InvariantCulture, $"Subject: number {number}"),
        ],
        TimeSpan.FromMinutes(1), 0, 24);
}
