using System.Net;
using Backstop.Server.Web;

namespace Backstop.Tests.Server;

/// <summary>Clickjacking: no page of ours is shown inside another, whatever is asked and however it fails.</summary>
public sealed class FrameTests
{
    private static readonly string[] _paths =
    [
        "/login", "/", "/messages", "/messages/one?mailbox=a&folder=b&id=c", "/messages/one", "/storms/none",
        "/actions", "/api/overview", "/nowhere", "/classify",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("a long password")]
    public async Task No_answer_may_stand_in_a_frame(string password)
    {
        await using var server = await TestServer.StartAsync(o => o.Web.Password = password.Length > 0 ? PasswordHash.Make(password) : "");
        using var client = new HttpClient(
            new HttpClientHandler { AllowAutoRedirect = false })
        { BaseAddress = new($"http://{server.Web}") };
        foreach (var path in _paths)
        {
            foreach (
                var (method, host) in new[] { (HttpMethod.Get, "127.0.0.1"), (HttpMethod.Post, "127.0.0.1"), (
                    HttpMethod.Get, "evil.example") })
            {
                using var request = new HttpRequestMessage(method, path) { Headers = { Host = host } };
                using var reply = await client.SendAsync(request, Ct);
                Assert.Equal("DENY", Assert.Single(reply.Headers.GetValues("X-Frame-Options")));
                var policy = Assert.Single(reply.Headers.GetValues("Content-Security-Policy"));
                Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
                Assert.NotEqual(HttpStatusCode.InternalServerError, reply.StatusCode);
            }
        }
    }
}
