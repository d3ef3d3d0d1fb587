using System.Net;
using System.Text.RegularExpressions;
using Backstop.Configuration;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Backstop.Mailboxes.Reading;
using Backstop.Server.Web;

namespace Backstop.Tests.Server;

/// <summary>
/// <c>POST /classify</c> over a real server: what it answers, and to whom. Hostile callers are in
/// <see cref="ClassifyHostileTests"/>.
/// </summary>
public sealed partial class ClassifyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Mails => Path.Combine(HouseRulesTests.Root(), "tests", "mails");

    /// <summary>
    /// Octet for octet but for the milliseconds. That the program's <c>explain --json</c> gives them too is tested in
    /// Backstop.Interop.
    /// </summary>
    [Fact]
    public async Task Answer_is_what_explain_gives()
    {
        await using var server = await Classifier.ServeAsync();
        ServerMail.Journal(
            server,
            j => j.Add(
                [new(
                    Backstop.Mail.MailAddress.TryParse("me@example.org")!, "7f3e21.19ab@example.org", [],
                    TimeProvider.System.GetUtcNow())]));
        using var client = new Classifier(server);
        using var journal = new Backstop.State.SentJournal(
            DataPaths.Journal(server.Options), TimeProvider.System, server.Options.Journal.RecipientWindow);
        var explainer = new Explainer(server.Options, Proving.Create(server.Options, new JournalProof(journal)), TimeProvider.System);
        var files = Directory.GetFiles(Mails, "*.eml");
        Assert.True(files.Length > 80);
        foreach (var file in files)
        {
            var octets = await File.ReadAllBytesAsync(file, Ct);
            var (status, text) = await client.PostAsync(octets);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(
                WithoutTime(System.Text.Encoding.UTF8.GetString(explainer.Explain(new("-", octets), default).ToJsonLine())),
                WithoutTime(text));
        }

        Assert.Contains(
            "journal:message-id",
            (await client.PostAsync(await File.ReadAllBytesAsync(Path.Combine(Mails, "bounce-exim.eml"), Ct))).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_knows_of_the_envelope_counts()
    {
        await using var server = await Classifier.ServeAsync();
        using var client = new Classifier(server);
        var bounce = ServerMail.BounceOf("x@example.org");
        Assert.Contains("\"address\":\"me@example.org\"", (await client.PostAsync(bounce)).Text, StringComparison.Ordinal);
        Assert.Contains(
            "\"address\":\"you@example.org\"", (await client.PostAsync(bounce, "/classify?to=you@example.org")).Text,
            StringComparison.Ordinal);
        Assert.Contains(
            "\"address\":\"me@example.org\"", (await client.PostAsync(bounce, "/classify?to=me%2Bticket7@example.org")).Text,
            StringComparison.Ordinal);
        Assert.Contains(
            "\"nullReversePath\":true", (await client.PostAsync("Subject: x\n\nhello\n", "/classify?null=true")).Text,
            StringComparison.Ordinal);
        Assert.Contains(
            "\"nullReversePath\":false", (await client.PostAsync("Subject: x\n\nhello\n", "/classify/?null=false")).Text,
            StringComparison.Ordinal);
        Assert.Contains("\"nullReversePath\":null", (await client.PostAsync("Subject: x\n\nhello\n")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_message_is_judged_by_its_beginning()
    {
        await using var server = await Classifier.ServeAsync();
        using var client = new Classifier(server);
        var bounce = ServerMail.BounceOf("x@example.org");
        var (status, text) = await client.PostAsync(bounce + new string('x', (MessageFiles.MaxMessage * 3) + 7));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"format\":\"qmail\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "off", "classify off")]
    [InlineData(405, "method", "GET", "")]
    [InlineData(405, "method", "HEAD", "")]
    [InlineData(405, "method", "OPTIONS", "", "Origin: https://evil.example", "Access-Control-Request-Method: POST")]
    [InlineData(405, "method", "PUT")]
    [InlineData(401, "no-token", "POST", "x", "Authorization:")]
    [InlineData(401, "no-token", "POST", "x", "Authorization: Basic eDp5")]
    [InlineData(401, "no-token", "POST", "x", "Authorization: " + Classifier.Token)]
    [InlineData(401, "no-token", "POST", "x", "Authorization: Bearer ")]
    [InlineData(401, "wrong-token", "POST", "x", "Authorization: Bearer " + Classifier.Token + "x")]
    [InlineData(401, "wrong-token", "POST", "x", "Authorization: Bearer x")]
    [InlineData(403, "wrong-host", "POST", "x", "Host: evil.example")]
    [InlineData(400, "empty", "POST", "")]
    [InlineData(400, "one-line", "POST", "From: x@y.exampleSubject: failure notice", "Content-Type: application/x-www-form-urlencoded")]
    [InlineData(415, "form", "POST", "--x\r\n", "Content-Type: multipart/form-data; boundary=x")]
    [InlineData(415, "encoded", "POST", "x", "Content-Encoding: gzip")]
    [InlineData(400, "parameter", "POST ?to=nonsense%20of%20mine")]
    [InlineData(400, "parameter", "POST ?to=a@example.org&to=b@example.org")]
    [InlineData(400, "parameter", "POST ?to=")]
    [InlineData(400, "parameter", "POST ?null=yes")]
    [InlineData(400, "parameter", "POST ?from=a@example.org")]
    public async Task Refusal_says_what_is_wrong_and_what_to_do(
        int status, string error, string request, string body = "Subject: x\n\nhello\n", params string[] fields)
    {
        await using var server = await Classifier.ServeAsync(o => o.Classify.Token = request == "classify off" ? "" : Classifier.Token);
        using var client = new Classifier(
            server, Array.Exists(fields, f => f.StartsWith("Authorization:", StringComparison.Ordinal)) ? null : Classifier.Token);
        var words = (request == "classify off" ? "POST" : request).Split(' ');
        using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body));
        using var message = new HttpRequestMessage(
            new(words[0]), "/classify" + words.ElementAtOrDefault(1))
        { Content = words[0] == "GET" ? null : content };
        foreach (var field in fields.Select(f => f.Split(':', 2)).Where(f => f[1].Length > 0))
        {
            Assert.True(
                (field[0].StartsWith(
                    "Content", StringComparison.Ordinal) ? (
                        System.Net.Http.Headers.HttpHeaders)content.Headers : message.Headers).TryAddWithoutValidation(
                    field[0], field[1].TrimStart()));
        }

        using var reply = await client.SendAsync(message);
        Assert.Equal(status, (int)reply.StatusCode);
        if (words[0] != "HEAD")
        {
            Assert.Equal(error, await Classifier.ErrorAsync(reply));
        }

        Assert.Equal(status == 401, reply.Headers.WwwAuthenticate.Count > 0);
        Assert.Equal(status == 405 ? ["POST"] : [], reply.Content.Headers.Allow);
        Assert.False(reply.Headers.Contains("Set-Cookie"));
        Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.True(reply.Headers.CacheControl?.NoStore);
    }

    /// <summary>The page of the guide has every word, and no other.</summary>
    [Fact]
    public async Task Guide_lists_every_refusal()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(HouseRulesTests.Root(), "docs", "guide", "classify.md"), Ct);
        var listed = Row().Matches(page).SelectMany(m => m.Groups[2].Value.Split(", ").Select(w => $"{m.Groups[1].Value} {w.Trim('`')}"));
        var known = typeof(ClassifyProblem).GetFields().Select(f => f.GetValue(null)).OfType<ClassifyProblem>()
            .Append(ClassifyProblem.TooLarge("")).Append(ClassifyProblem.Parameter("", ""));
        Assert.Equal(known.Select(p => $"{p.Status} {p.Error}").Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Token_comes_from_a_file_too_and_each_line_is_one()
    {
        using var folder = new TempFolder();
        var other = new string('t', 40);
        await File.WriteAllTextAsync(folder["tokens"], $"# tickets\n{other}\n\n# lists\n  {Classifier.Token}\r\n", Ct);
        await using var server = await TestServer.StartAsync(o => o.Classify.TokenFile = folder["tokens"]);
        foreach (
            var (token, status) in new[] { (other, HttpStatusCode.OK), (Classifier.Token, HttpStatusCode.OK), (
                "# tickets", HttpStatusCode.Unauthorized), ("", HttpStatusCode.Unauthorized) })
        {
            using var client = new Classifier(server, token);
            Assert.Equal(status, (await client.PostAsync("Subject: x\n\nhello\n")).Status);
        }
    }

    [Fact]
    public async Task Host_that_does_nothing_else_needs_no_mailboxes()
    {
        await using var server = await Classifier.ServeAsync(o =>
        {
            (o.Domains, o.Mailboxes) = ([], []);
            (o.Listen.Smtp, o.Listen.Lmtp) = ([], []);
        });
        using var client = new Classifier(server);
        Assert.Contains(
            "\"kind\":\"bounce\"", (await client.PostAsync(ServerMail.BounceOf("x@example.org"))).Text, StringComparison.Ordinal);
    }

    /// <summary>A page of a stranger's may lead a logged-in browser here: its cookie opens nothing.</summary>
    [Fact]
    public async Task Login_to_the_dashboard_opens_nothing_and_is_not_needed()
    {
        await using var server = await Classifier.ServeAsync(o => o.Web.Password = PasswordHash.Make("a long password"));
        using var browser = new HttpClient(
            new HttpClientHandler { AllowAutoRedirect = false })
        { BaseAddress = new($"http://{server.Web}") };
        var form = await browser.GetStringAsync("/login", Ct);
        var token = WebUtility.HtmlDecode(Hidden().Match(form).Groups[1].Value);
        await browser.PostAsync(
            "/login",
            new FormUrlEncodedContent(
                new Dictionary<string,
                string>
                { ["__RequestVerificationToken"] = token, ["password"] = "a long password", ["next"] = "/" }),
            Ct);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/", Ct)).StatusCode);
        using var content = new StringContent("Subject: x\n\nhello\n");
        using var reply = await browser.PostAsync("/classify", content, Ct);
        Assert.Equal("no-token", await Classifier.ErrorAsync(reply));
        using var client = new Classifier(server);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("Subject: x\n\nhello\n")).Status);
    }

    [Fact]
    public async Task Caller_behind_a_reverse_proxy_is_answered()
    {
        await using var server = await Classifier.ServeAsync(o => o.Web.Hosts = ["backstop.example.org"]);
        using var client = new Classifier(server);
        using var content = new StringContent("Subject: x\n\nhello\n");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/classify")
        {
            Content = content,
            Headers = { Host = "backstop.example.org" }
        };
        request.Headers.Add("X-Forwarded-For", "192.0.2.7");
        request.Headers.Add("X-Forwarded-Proto", "https");
        using var reply = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
    }

    [Fact]
    public async Task Nothing_is_stored_or_delivered_and_all_is_counted()
    {
        await using var server = await Classifier.ServeAsync();
        using (var client = new Classifier(server))
        {
            for (var i = 0; i < 20; i++)
            {
                await client.PostAsync(ServerMail.BounceOf("x@example.org"), "/classify?to=me@example.org");
            }

            await client.PostAsync("");

            var metrics = await client.MetricsAsync();
            Assert.Equal((20, 1), (Count(metrics, "explained"), Count(metrics, "empty")));
        }

        await server.StopAsync();
        Assert.Empty(Directory.Exists(server.Inbox) ? Directory.GetFiles(server.Inbox) : []);
        Assert.False(Directory.Exists(Path.Combine(server.Maildir, ".Backscatter")));
        ServerMail.Journal(server, j => Assert.Equal(0, j.CountMessages()));
    }

    private static long Count(string metrics, string outcome) =>
        long.Parse(
            Regex.Match(metrics, $"backstop_classify_total{{.*outcome=\"{outcome}\".*}} (\\d+)").Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);

    private static string WithoutTime(string json) => Milliseconds().Replace(json, "");

    [GeneratedRegex("\"milliseconds\":[0-9.]+,")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"(?m)^\| (\d{3}) \| (`[a-z-]+`(?:, `[a-z-]+`)*) \|")]
    private static partial Regex Row();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
