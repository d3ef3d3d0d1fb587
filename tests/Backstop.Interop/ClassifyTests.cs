using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Backstop.Interop;

/// <summary><c>POST /classify</c> beside the command line, and the examples of docs/guide/classify.md.</summary>
public sealed partial class ClassifyTests
{
    private const string Token = "zeQ3SSiaTgiwUtR9yQ1uGQxZ0hQv6k7cPZgT1cY8x4M";

    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// One mechanism: whoever asks over HTTP is told what <c>explain --json</c> says with the same configuration, about every mail
    /// that we have.
    /// </summary>
    [Fact]
    public async Task Http_and_command_line_say_the_same()
    {
        using var folder = new TempFolder();
        using var server = await StartAsync(folder);
        var config = folder["backstop.toml"];
        await File.WriteAllTextAsync(
            folder["sent.mbox"],
            "From me\nFrom: me@example.org\nTo: sam.reed@people7.example.com\nMessage-ID: <7f3e21.19ab@example.org>\nDate: Tue, 24 Nov "
                + "2026 05:00:59 +0000\n\nhello\n",
            Ct);
        await Tool.RunAsync(Server.Launcher, ["journal", "import", "--config", config, folder["sent.mbox"]], _limit);
        var mails = Directory.GetFiles(Path.Combine(Checkout.Root, "tests", "mails"), "*.eml").Order(StringComparer.Ordinal).ToList();
        var told = (await Tool.RunAsync(Server.Launcher, ["explain", "--json", "--config", config, .. mails], _limit, 1)).Split('\n')
            .Where(l => l.StartsWith('{')).ToList();
        Assert.Equal(mails.Count, told.Count);
        Assert.Contains(told, t => t.Contains("\"origin\":\"ours\"", StringComparison.Ordinal));
        for (var i = 0; i < mails.Count; i++)
        {
            Assert.Equal(Comparable(told[i]), Comparable(await PostAsync(server, await File.ReadAllBytesAsync(mails[i], Ct), "")));
        }

        var given = await Tool.RunAsync(
            "/bin/sh",
            ["-c", $"'{Server.Launcher}' explain --json --config '{config}' --to legit@bench.test --null-sender false - <'{mails[0]}'; "
                + $"true"],
            _limit);
        Assert.Equal(
            Milliseconds().Replace(given.Trim(), ""),
            Milliseconds().Replace(
                await PostAsync(server, await File.ReadAllBytesAsync(mails[0], Ct), "?to=legit@bench.test&null=false"), "").Trim());
    }

    [Fact]
    public async Task Answer_is_the_one_that_the_guide_shows()
    {
        using var folder = new TempFolder();
        using var server = await StartAsync(folder);
        var page = await PageAsync();
        var answer = JsonNode.Parse(await PostAsync(
            server, Encoding.UTF8.GetBytes(Bounce().Match(page).Groups["text"].Value), "?to=victim@bench.test&null=true"))!;
        AssertHolds(JsonNode.Parse(Block(page, "json"))!, answer, "$");
    }

    [Theory]
    [InlineData(
        "person.eml",
        "Return-Path: <sam@example.com>\nFrom: sam@example.com\nTo: help@example.org\nSubject: printer\n\nIt is on fire.\n",
        "open a ticket and answer")]
    [InlineData("bounce.eml", "", "note on the ticket of 1@example.org: bob@else.example failed 5.1.1")]
    [InlineData(
        "away.eml",
        "Return-Path: <sam@example.com>\nFrom: sam@example.com\nTo: help@example.org\nAuto-Submitted: auto-replied\nSubject: Out of "
            + "office: [Ticket#7]\n\nI am out of the office until Monday.\n",
        "neither ticket nor answer: autoreply")]
    [InlineData(
        "list.eml",
        "Return-Path: <sam@example.com>\nFrom: sam@example.com\nTo: help@example.org\nList-Id: <x.example.com>\nSubject: printer\n\nIt "
            + "is on fire.\n",
        "open a ticket")]
    [InlineData(
        "cron.eml",
        "Return-Path: <sam@example.com>\nFrom: sam@example.com\nTo: help@example.org\nAuto-Submitted: auto-generated\nSubject: "
            + "backup\n\nDone.\n",
        "open a ticket")]
    [InlineData("named.eml", "tests/mails/autoreply-german-no-header.eml", "open a ticket")]
    [InlineData("own.eml", "tests/bounce-cases/mails/postfix-postmaster-copy.eml", "open a ticket")]
    public async Task Python_example_decides(string label, string mail, string decision)
    {
        var python = Needs.Program("python3", "python3");
        using var folder = new TempFolder();
        using var server = await StartAsync(folder);
        var page = await PageAsync();
        await File.WriteAllTextAsync(folder["ticket.py"], Block(page, "python"), Ct);
        mail = mail.Length == 0 ? Bounce().Match(page).Groups["text"].Value
            : mail.StartsWith("tests/", StringComparison.Ordinal) ? await File.ReadAllTextAsync(Path.Combine(Checkout.Root, mail), Ct)
            : mail;
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["BACKSTOP_URL"] = $"http://127.0.0.1:{server.WebPort}/classify",
            ["BACKSTOP_TOKEN"] = Token
        };
        Assert.Equal(
            (label, decision), (label, (await Tool.RunWithAsync(environment, mail, python, [folder["ticket.py"]], _limit)).Trim()));
        environment["BACKSTOP_TOKEN"] = "another";
        Assert.Contains(
            "wrong-token", await Tool.RunWithAsync(environment, mail, python, [folder["ticket.py"]], _limit, 75),
            StringComparison.Ordinal);
    }

    /// <summary>A pipe that ends with anything but 75 makes the mail server bounce the mail, or lose it.</summary>
    [Theory]
    [InlineData("a proxy's page", "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 17\r\n\r\n<h1>Bad gate</h1>")]
    [InlineData("cut off", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"kind\":")]
    [InlineData("an error that is cut off", "HTTP/1.1 500 Error\r\nContent-Length: 1000\r\n\r\n{")]
    [InlineData("no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("JSON of something else", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("no HTTP", "220 mx.example.org ESMTP\r\n")]
    [InlineData("no token", "")]
    public async Task Python_example_keeps_the_mail_whatever_goes_wrong(string label, string answer)
    {
        var python = Needs.Program("python3", "python3");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["ticket.py"], Block(await PageAsync(), "python"), Ct);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answered = AnswerOnceAsync(listener, answer);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["BACKSTOP_URL"] = $"http://{listener.LocalEndpoint}"
            + $"/classify"
        };
        if (answer.Length > 0)
        {
            environment["BACKSTOP_TOKEN"] = Token;
        }

        Assert.NotEqual(
            (label, ""),
            (label, await Tool.RunWithAsync(environment, "Subject: x\n\nhello\n", python, [folder["ticket.py"]], _limit, 75)));
        await answered;
    }

    private static async Task AnswerOnceAsync(TcpListener listener, string answer)
    {
        if (answer.Length == 0)
        {
            return;
        }

        using var client = await listener.AcceptTcpClientAsync(Ct);
        var request = new byte[4096];
        var read = 0;
        while (!Encoding.ASCII.GetString(request, 0, read).EndsWith("hello\n", StringComparison.Ordinal))
        {
            read += await client.GetStream().ReadAsync(request.AsMemory(read), Ct);
        }

        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), Ct);
    }

    private static Task<Server> StartAsync(TempFolder folder) => Server.StartAsync(folder.Path, $"classify.token = \"{Token}\"");

    private static async Task<string> PostAsync(Server server, byte[] message, string query)
    {
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };
        using var content = new ByteArrayContent(message);
        using var reply = await client.PostAsync(new Uri($"http://127.0.0.1:{server.WebPort}/classify{query}"), content, Ct);
        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.IsSuccessStatusCode, text);
        return text;
    }

    private static string Comparable(string json) => AnyPath().Replace(Milliseconds().Replace(json.Trim(), ""), "");

    // All that the page shows is there, with that value; there may be more.
    private static void AssertHolds(JsonNode? shown, JsonNode? given, string path)
    {
        if (shown is JsonObject fields)
        {
            Assert.All(fields, f => AssertHolds(f.Value, given?[f.Key], $"{path}.{f.Key}"));
        }
        else if (shown is JsonArray items)
        {
            Assert.Equal(items.Count, given?.AsArray().Count);
            for (var i = 0; i < items.Count; i++)
            {
                AssertHolds(items[i], given![i], $"{path}[{i}]");
            }
        }
        else
        {
            Assert.Equal((path, shown?.ToJsonString()), (path, given?.ToJsonString()));
        }
    }

    private static Task<string> PageAsync() => File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "guide", "classify.md"), Ct);

    private static string Block(string page, string language) =>
        Regex.Match(page, $"(?ms)^```{language}\n(.*?)^```$", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups[1].Value;

    [GeneratedRegex("(?ms)<<'END'\n(?<text>.*?)^END$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Bounce();

    [GeneratedRegex("\"milliseconds\":[0-9.]+,", RegexOptions.None, 5000)]
    private static partial Regex Milliseconds();

    [GeneratedRegex("^{\"path\":\"[^\"]*\",", RegexOptions.None, 5000)]
    private static partial Regex AnyPath();
}
