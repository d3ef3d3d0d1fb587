using System.Net;
using System.Text.RegularExpressions;
using Backstop.Backscatter.Verdicts;
using Backstop.Server.Web;

namespace Backstop.Tests.Server;

/// <summary>
/// The dashboard over HTTP: who is let in, and what strangers' words can do in it: nothing. The browser's tests are in
/// Backstop.Interop.
/// </summary>
public sealed partial class DashboardTests
{
    private const string Hostile = "<script>alert(1)</script>\" onload=\"x";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_password_only_addresses_and_localhost_are_names_of_ours()
    {
        await using var server = await TestServer.StartAsync();
        using var client = Client(server);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", Ct)).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(rebound, Ct)).StatusCode);
    }

    [Fact]
    public async Task With_a_password_nothing_is_shown_before_it_and_guessing_is_slow()
    {
        await using var server = await TestServer.StartAsync(o => o.Web.Password = PasswordHash.Make("a long password"));
        using var client = Client(server);
        foreach (var path in new[]
        {
            "/", "/messages", "/storms", "/actions", "/queue", "/queue/1a", "/api/overview", "/api/storms", "/api/events",
        })
        {
            Assert.Contains((await client.GetAsync(path, Ct)).StatusCode, new[] { HttpStatusCode.Found, HttpStatusCode.Unauthorized });
        }

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/status", Ct)).StatusCode);
        using var proxied = new HttpRequestMessage(HttpMethod.Get, "/status") { Headers = { { "X-Forwarded-For", "192.0.2.1" } } };
        Assert.Equal(HttpStatusCode.Found, (await client.SendAsync(proxied, Ct)).StatusCode);
        var token = Token(await client.GetStringAsync("/login", Ct));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(client, token, "wrong")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await LogInAsync(client, token, "a long password")).StatusCode);
    }

    [Fact]
    public async Task Right_password_leads_where_one_wanted_to_go_and_nowhere_else()
    {
        await using var server = await TestServer.StartAsync(o => o.Web.Password = PasswordHash.Make("a long password"));
        using var client = Client(server);
        var token = Token(await client.GetStringAsync("/login?next=/storms", Ct));
        Assert.Equal("/storms", (await LogInAsync(client, token, "a long password", "/storms")).Headers.Location?.ToString());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/storms", Ct)).StatusCode);
        Assert.Equal(
            "/",
            (await LogInAsync(
                client, Token(await client.GetStringAsync(
                    "/login", Ct)), "a long password", "//evil.example/")).Headers.Location?.ToString());
    }

    [Fact]
    public async Task Words_of_strangers_stay_words()
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.Unproved = UnprovedPolicy.File);
        await ServerMail.SendAsync(
            server, "<>", "me@example.org",
            ServerMail.BounceOf("x@y.example").Replace("failure notice", "failure notice " + Hostile, StringComparison.Ordinal));
        await server.DeliveredAsync();
        using var client = Client(server);
        var list = await client.GetStringAsync("/messages?q=" + Uri.EscapeDataString("failure"), Ct);
        Assert.Contains("&lt;script&gt;alert(1)", list, StringComparison.Ordinal);
        var one = WebUtility.HtmlDecode(MessageLink().Match(list).Groups[1].Value);
        foreach (
            var page in new[] { list, await client.GetStringAsync(one, Ct), await client.GetStringAsync(
                "/messages?q=" + Uri.EscapeDataString(Hostile), Ct), await client.GetStringAsync("/", Ct) })
        {
            Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
            Assert.DoesNotContain("\" onload=\"", page, StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// A subject that turns text round, moves a cursor or ends a line does none of it: in the list, in the title, in the message as
    /// it came, and on the storm's page.
    /// </summary>
    [Fact]
    public async Task Subjects_of_strangers_turn_nothing_round()
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.Unproved = UnprovedPolicy.File);
        var bounce = ServerMail.BounceOf("x@y.example")
            .Replace(
            "Subject: failure notice", "Subject: =?utf-8?Q?gpj=E2=80=AE.exe=E2=81=A6?= =?utf-8?Q?=1B[2Jx?=", StringComparison.Ordinal)
            .Replace("no such user", "no such \u202euser", StringComparison.Ordinal);
        await ServerMail.SendAsync(server, "<>", "me@example.org", bounce);
        await server.DeliveredAsync();
        using var client = Client(server);
        var list = await client.GetStringAsync("/messages", Ct);
        var one = await client.GetStringAsync(WebUtility.HtmlDecode(MessageLink().Match(list).Groups[1].Value), Ct);
        Assert.Contains("<title>gpj .exe", one, StringComparison.Ordinal);
        foreach (var page in new[] { list, one })
        {
            Assert.Contains("gpj .exe", page, StringComparison.Ordinal);
            Assert.DoesNotContain(page, c => c is '\u202e' or '\u2066' or '\x1b');
        }
    }

    [Theory]
    [InlineData("../../../etc", "passwd")]
    [InlineData("Backscatter", "..")]
    [InlineData("Backscatter", "new/../../../../../../etc/passwd")]
    [InlineData("Backscatter", "%2e%2e%2fjournal.db")]
    [InlineData("Backscatter", "/etc/passwd")]
    [InlineData("Backscatter\0", "x")]
    [InlineData("", "x")]
    [InlineData("Backscatter", "../../../../etc/passwd")]
    [InlineData("Backscatter", "")]
    public async Task Paths_of_strangers_lead_nowhere(string folder, string id)
    {
        await using var server = await TestServer.StartAsync();
        using var client = Client(server);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await client.GetAsync(
                $"/messages/one?mailbox=me@example.org&folder={Uri.EscapeDataString(folder)}"
                    + $"&id={Uri.EscapeDataString(id)}", Ct)).StatusCode);
        foreach (var storm in new[] { "..%2F..%2Fjournal", "..", "%2e%2e%2foverrides", "x%00", "/etc/passwd" })
        {
            Assert.Contains(
                (await client.GetAsync("/api/storms/" + storm, Ct)).StatusCode,
                new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
            Assert.Contains(
                (await client.GetAsync($"/storms/{storm}/hosts?format=plain", Ct)).StatusCode,
                new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
        }

        Assert.Equal(
            HttpStatusCode.NotFound,
            (await client.GetAsync(
                $"/messages/one?mailbox={Uri.EscapeDataString("../me@example.org")}&folder=Backscatter&id=x", Ct)).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest, (await client.PostAsync("/messages/release", new FormUrlEncodedContent([]), Ct)).StatusCode);
    }

    [Theory]
    [InlineData(Backstop.Mailboxes.FolderFormat.Maildir)]
    [InlineData(Backstop.Mailboxes.FolderFormat.Mbox)]
    public async Task A_message_marked_as_mine_is_journalled_and_given_back(Backstop.Mailboxes.FolderFormat format)
    {
        await using var server = await TestServer.StartAsync(o => o.Mailboxes["me@example.org"].Format = format);
        await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf("mine@example.org"));
        await server.DeliveredAsync();
        using var client = Client(server);
        var page = await client.GetStringAsync(
            WebUtility.HtmlDecode(MessageLink().Match(await client.GetStringAsync("/messages", Ct)).Groups[1].Value), Ct);
        var form = Hidden().Matches(page).DistinctBy(m => m.Groups[1].Value)
            .ToDictionary(m => m.Groups[1].Value, m => WebUtility.HtmlDecode(m.Groups[2].Value));
        using var reply = await client.PostAsync("/messages/mine", new FormUrlEncodedContent(form), Ct);
        Assert.Contains("The message is in INBOX of me@example.org", await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.StartsWith(
            "250", await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf("mine@example.org")),
            StringComparison.Ordinal);
        await server.DeliveredAsync();
        var inbox = format == Backstop.Mailboxes.FolderFormat.Maildir
            ? string.Concat(Directory.GetFiles(server.Inbox).Select(File.ReadAllText))
            : await File.ReadAllTextAsync(Path.Combine(server.Options.Data, "mail", "me@example.org", "mbox"), Ct);
        Assert.Equal(2, Regex.Count(inbox, "^Subject: failure notice", RegexOptions.Multiline, TimeSpan.FromSeconds(1)));
        Assert.Contains("reason=journal:message-id", inbox, StringComparison.Ordinal);
    }

    /// <summary>
    /// The record of moves cannot be written: a page says what was done, what was not, and why; the same form works later.
    /// </summary>
    [Theory]
    [InlineData("release", false)]
    [InlineData("mine", true)]
    public async Task A_message_that_cannot_be_given_back_is_a_page_that_says_so(string action, bool remembers)
    {
        await using var server = await TestServer.StartAsync(o => o.Backscatter.Unproved = UnprovedPolicy.File);
        await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf("mine@example.org"));
        await server.DeliveredAsync();
        using var client = Client(server);
        var page = await client.GetStringAsync(
            WebUtility.HtmlDecode(MessageLink().Match(await client.GetStringAsync("/messages", Ct)).Groups[1].Value), Ct);
        var form = Hidden().Matches(page).DistinctBy(m => m.Groups[1].Value)
            .ToDictionary(m => m.Groups[1].Value, m => WebUtility.HtmlDecode(m.Groups[2].Value));
        var runs = Path.Combine(server.Options.Data, "clean");
        await File.WriteAllTextAsync(runs, "in the way", Ct);
        using var failed = await client.PostAsync("/messages/" + action, new FormUrlEncodedContent(form), Ct);
        var said = await failed.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        Assert.Contains("was not moved to INBOX of me@example.org", said, StringComparison.Ordinal);
        Assert.Contains("give it back again", said, StringComparison.Ordinal);
        Assert.Equal(remembers, said.Contains("Remembered: bounces of that message are proved", StringComparison.Ordinal));
        File.Delete(runs);
        using var done = await client.PostAsync("/messages/" + action, new FormUrlEncodedContent(form), Ct);
        Assert.Contains("The message is in INBOX", await done.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        using var gone = await client.PostAsync("/messages/" + action, new FormUrlEncodedContent(form), Ct);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    private static HttpClient Client(TestServer server) =>
        new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new($"http://{server.Web}") };

    private static string Token(string page) =>
        WebUtility.HtmlDecode(
            Hidden().Matches(page).First(m => m.Groups[1].Value.Contains("Token", StringComparison.Ordinal)).Groups[2].Value);

    private static Task<HttpResponseMessage> LogInAsync(HttpClient client, string token, string password, string next = "/") =>
        client.PostAsync(
            "/login",
            new FormUrlEncodedContent(
                new Dictionary<string, string> { ["__RequestVerificationToken"] = token, ["password"] = password, ["next"] = next }),
            Ct);

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">")]
    private static partial Regex Hidden();

    [GeneratedRegex("href=\"(/messages/one[^\"]+)\"")]
    private static partial Regex MessageLink();
}
