using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backstop.Server.Web;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>The dashboard's logins: who gets one, when it ends, and that strangers can neither guess nor lock anybody out.</summary>
public sealed class LoginTests
{
    private const string Password = "a long password";

    private static readonly string _hash = PasswordHash.Make(Password);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copied_cookie_ends_with_the_login_it_was_copied_from()
    {
        await using var server = await StartAsync();
        using var owner = new Browser(server);
        Assert.Equal(HttpStatusCode.Found, await owner.LogInAsync(Password));
        using var thief = new Browser(server, cookies: owner.CopyCookies());
        Assert.Equal(HttpStatusCode.OK, await thief.GetAsync("/messages"));
        Assert.Equal(HttpStatusCode.Found, await owner.PostAsync("/", "/logout", []));
        Assert.Equal(HttpStatusCode.Found, await thief.GetAsync("/messages"));
    }

    [Fact]
    public async Task All_logins_can_be_ended_from_one_browser()
    {
        await using var server = await StartAsync();
        using var owner = new Browser(server);
        using var forgotten = new Browser(server);
        await owner.LogInAsync(Password);
        await forgotten.LogInAsync(Password);
        Assert.Equal(HttpStatusCode.OK, await forgotten.GetAsync("/messages"));
        await owner.PostAsync("/actions", "/logout", new() { ["everywhere"] = "1" });
        Assert.Equal(HttpStatusCode.Found, await forgotten.GetAsync("/messages"));
    }

    [Fact]
    public async Task New_password_ends_every_login()
    {
        await using var server = await StartAsync();
        using var owner = new Browser(server);
        await owner.LogInAsync(Password);
        server.Options.Web.Password = PasswordHash.Make("another password");
        await server.RestartAsync();
        using var thief = new Browser(server, cookies: owner.CopyCookies());
        Assert.Equal(HttpStatusCode.Found, await thief.GetAsync("/messages"));
    }

    /// <summary>What is watched ends too: a stream lasts longer than a request.</summary>
    [Fact]
    public async Task Stream_of_a_copied_cookie_ends_with_the_login()
    {
        await using var server = await StartAsync();
        using var owner = new Browser(server);
        await owner.LogInAsync(Password);
        using var thief = new Browser(server, cookies: owner.CopyCookies());
        using var stream = await thief.OpenAsync("/api/events");
        await using var events = await stream.Content.ReadAsStreamAsync(Ct);
        Assert.True(await events.ReadAsync(new byte[1], Ct) > 0);
        await owner.PostAsync("/", "/logout", []);
        await events.CopyToAsync(Stream.Null, Ct);
        Assert.Equal(HttpStatusCode.Found, await thief.GetAsync("/api/events"));
    }

    [Fact]
    public async Task Posts_without_a_token_from_many_addresses_lock_nobody_out()
    {
        await using var server = await StartAsync();
        for (var i = 0; i < 100; i++)
        {
            using var stranger = new Browser(server, Address(20 + (i % 20)));
            using var junk = new StringContent("a=b", Encoding.ASCII, "application/x-www-form-urlencoded");
            Assert.Equal(HttpStatusCode.BadRequest, await stranger.PostAsync("/login", junk));
        }

        using var owner = new Browser(server, Address(20));
        Assert.Equal(HttpStatusCode.Found, await owner.LogInAsync(Password));
    }

    [Fact]
    public async Task Guesses_from_many_addresses_lock_nobody_out()
    {
        await using var server = await StartAsync();
        using var known = new Browser(server, Address(20));
        await known.LogInAsync(Password);
        await known.PostAsync("/", "/logout", []);
        for (var i = 0; i < 13 * 6; i++)
        {
            using var stranger = new Browser(server, Address(20 + (i % 13)));
            Assert.Contains(await stranger.LogInAsync("guess"), new[] { HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests });
        }

        // The stranger's address has no tries left, the browser that was known there has its own; so has somebody from elsewhere.
        using var neighbour = new Browser(server, Address(20));
        Assert.Equal(HttpStatusCode.TooManyRequests, await neighbour.LogInAsync(Password));
        Assert.Equal(HttpStatusCode.Found, await known.LogInAsync(Password));
        using var elsewhere = new Browser(server, Address(99));
        Assert.Equal(HttpStatusCode.Found, await elsewhere.LogInAsync(Password));
    }

    /// <summary>A known browser's own tries are few too: its cookie may have been copied.</summary>
    [Fact]
    public async Task Known_browser_cannot_guess_without_end()
    {
        await using var server = await StartAsync();
        using var known = new Browser(server);
        await known.LogInAsync(Password);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await known.PostAsync("/actions", "/login", new() { ["password"] = "guess" }));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await known.PostAsync("/actions", "/login", new() { ["password"] = Password }));
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.9")]
    [InlineData("X-Forwarded-Host", "mail.example.org")]
    [InlineData("Forwarded", "for=203.0.113.9")]
    [InlineData("X-Real-IP", "203.0.113.9")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("CF-Connecting-IP", "203.0.113.9")]
    public async Task Without_a_password_nothing_is_shown_through_a_proxy(string field, string value)
    {
        await using var server = await TestServer.StartAsync();
        using var client = new HttpClient { BaseAddress = new($"http://{server.Web}") };
        foreach (var path in new[] { "/", "/messages", "/metrics", "/status", "/api/events" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { field, value } } };
            using var reply = await client.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
        }

        Assert.Equal("ok\n", await client.GetStringAsync("/healthz", Ct));
    }

    /// <summary>nginx, told nothing but proxy_pass, adds no field and calls us by our own address.</summary>
    [Fact]
    public async Task Without_a_password_nothing_is_shown_to_http_1_0()
    {
        await using var server = await TestServer.StartAsync();
        Assert.StartsWith(
            "HTTP/1.1 403 ", await RawAsync(server, "GET /messages HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Figures_without_a_login_are_for_programs_of_this_host_by_a_name_of_ours()
    {
        await using var server = await StartAsync();
        using var client = new HttpClient(
            new HttpClientHandler { AllowAutoRedirect = false })
        { BaseAddress = new($"http://{server.Web}") };
        foreach (var path in new[] { "/metrics", "/status" })
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path, Ct)).StatusCode);
            using var rebound = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "evil.example" } };
            Assert.Equal(HttpStatusCode.Found, (await client.SendAsync(rebound, Ct)).StatusCode);
            using var proxied = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "X-Real-IP", "203.0.113.9" } } };
            Assert.Equal(HttpStatusCode.Found, (await client.SendAsync(proxied, Ct)).StatusCode);
        }
    }

    [Fact]
    public async Task Form_that_is_too_large_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new Browser(server);
        Assert.StartsWith(
            "HTTP/1.1 413 ",
            await RawAsync(
                server,
                "POST /actions/block HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                    + "40000000\r\n\r\n"),
            StringComparison.Ordinal);
        var chunk = new string('a', 0xFFFF);
        Assert.StartsWith(
            "HTTP/1.1 413 ",
            await RawAsync(
                server,
                $"POST /actions/block HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                    + $"application/x-www-form-urlencoded\r\nTransfer-Encoding: "
                    + $"chunked\r\n\r\nffff\r\n{chunk}\r\nffff\r\n{chunk}\r\n0\r\n\r\n"),
            StringComparison.Ordinal);
        using var many = new StringContent(
            string.Concat(Enumerable.Range(0, 5000).Select(i => "a&")), Encoding.ASCII, "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await browser.PostAsync("/actions/block", many));
        using var torn = new StringContent("--x\r\nContent-Disposition: form-data; name=a", Encoding.ASCII);
        torn.Headers.ContentType = new("multipart/form-data") { Parameters = { new("boundary", "x") } };
        Assert.Equal(HttpStatusCode.BadRequest, await browser.PostAsync("/actions/block", torn));
    }

    [Fact]
    public async Task Overview_is_made_once_a_second_for_all_and_streamed_to_so_many()
    {
        var time = new FakeTimeProvider();
        using var logins = new LoginSessions();
        var made = 0;
        var live = new LiveOverview(
            () => new(
                new Dictionary<string, string> { ["n"] = (++made).ToString(CultureInfo.InvariantCulture) }, new Dictionary<string,
                double>(), [], 0, ""),
            logins, time, Ct);
        var streams = Enumerable.Range(0, LiveOverview.MaxStreams + 1).Select(_ => live.StreamAsync(Ct).GetAsyncEnumerator(Ct)).ToList();
        foreach (var stream in streams)
        {
            Assert.True(await stream.MoveNextAsync());
        }

        Assert.Equal(1, made);
        Assert.True(live.IsFull);
        Assert.False(await streams[^1].MoveNextAsync());
        var next = streams[..^1].Select(s => s.MoveNextAsync().AsTask()).ToList();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(await Task.WhenAll(next), Assert.True);
        Assert.Equal(2, made);
        await logins.RemoveAsync("any");
        foreach (var stream in streams[..^1])
        {
            Assert.False(await stream.MoveNextAsync());
        }

        Assert.False(live.IsFull);
    }

    [Fact]
    public async Task Streams_beyond_the_limit_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var browser = new Browser(server);
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < LiveOverview.MaxStreams; i++)
        {
            open.Add(await browser.OpenAsync("/api/events"));
        }

        Assert.All(open, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await browser.GetAsync("/api/events"));
        Assert.Equal(HttpStatusCode.OK, await browser.GetAsync("/"));
        open.ForEach(r => r.Dispose());
    }

    private static string Address(int last) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.{last}");

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(o => o.Web.Password = _hash);

    private static async Task<string> RawAsync(TestServer server, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Web, Ct);
        return await OtherUser.AskAsync(socket, request);
    }
}
