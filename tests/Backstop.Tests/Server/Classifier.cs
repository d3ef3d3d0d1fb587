using System.Net;
using System.Text.Json;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>A caller of <c>/classify</c>, as a ticket system is one.</summary>
internal sealed class Classifier : IDisposable
{
    public const string Token = "zeQ3SSiaTgiwUtR9yQ1uGQxZ0hQv6k7cPZgT1cY8x4M";

    private readonly HttpClient _client;

    public Classifier(TestServer server, string? token = Token)
    {
        _client = new(
            new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new($"http://{server.Web}"),
            Timeout = TimeSpan.FromSeconds(60)
        };
        _client.DefaultRequestHeaders.Authorization = token is null ? null : new("Bearer", token);
    }

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static Task<TestServer> ServeAsync(Action<BackstopOptions>? configure = null) => TestServer.StartAsync(o =>
    {
        o.Classify.Token = Token;
        configure?.Invoke(o);
    });

    public Task<(HttpStatusCode Status, string Text)> PostAsync(string message, string path = "/classify") =>
        PostAsync(System.Text.Encoding.UTF8.GetBytes(message), path);

    public async Task<(HttpStatusCode Status, string Text)> PostAsync(byte[] message, string path = "/classify")
    {
        using var content = new ByteArrayContent(message);
        content.Headers.ContentType = new("message/rfc822");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        using var reply = await SendAsync(request);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync(Ct));
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _client.SendAsync(request, Ct);

    /// <summary>The word of what went wrong; the rest of the answer says what and what to do, and is for a program too.</summary>
    public static async Task<string> ErrorAsync(HttpResponseMessage reply)
    {
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Ct));
        Assert.Equal((int)reply.StatusCode, json.RootElement.GetProperty("status").GetInt32());
        Assert.NotEmpty(json.RootElement.GetProperty("title").GetString()!);
        Assert.NotEmpty(json.RootElement.GetProperty("detail").GetString()!);
        return json.RootElement.GetProperty("error").GetString()!;
    }

    public async Task<string> MetricsAsync() => await _client.GetStringAsync("/metrics", Ct);

    public void Dispose() => _client.Dispose();
}
