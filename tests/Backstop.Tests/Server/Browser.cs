using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Server;

/// <summary>A browser at the dashboard, with its cookies, from an address of its own.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _client;

    /// <summary>Opens one.</summary>
    /// <param name="server">Whose dashboard.</param>
    /// <param name="address">Where it comes from, of 127.0.0.0/8.</param>
    /// <param name="cookies">Its cookies.</param>
    public Browser(TestServer server, string address = "127.0.0.1", CookieContainer? cookies = null)
    {
        Cookies = cookies ?? new();
        _client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            CookieContainer = Cookies,
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(server.Web, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new($"http://{server.Web}") };
    }

    public CookieContainer Cookies { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    /// <summary>A copy of what it knows, in another browser.</summary>
    public CookieContainer CopyCookies()
    {
        var copy = new CookieContainer();
        copy.Add(Cookies.GetAllCookies());
        return copy;
    }

    public async Task<HttpStatusCode> GetAsync(string path)
    {
        using var reply = await _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);
        return reply.StatusCode;
    }

    public Task<HttpResponseMessage> OpenAsync(string path) => _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Ct);

    public Task<string> ReadAsync(string path) => _client.GetStringAsync(path, Ct);

    public async Task<HttpStatusCode> LogInAsync(string password) => await PostAsync("/login", "/login", new() { ["password"] = password });

    /// <summary>Opens a page and sends a form with its token.</summary>
    public async Task<HttpStatusCode> PostAsync(string page, string action, Dictionary<string, string> form)
    {
        form["__RequestVerificationToken"] = WebUtility.HtmlDecode(Token().Match(await ReadAsync(page)).Groups[1].Value);
        using var content = new FormUrlEncodedContent(form);
        return await PostAsync(action, content);
    }

    public async Task<HttpStatusCode> PostAsync(string action, HttpContent content)
    {
        using var reply = await _client.PostAsync(action, content, Ct);
        return reply.StatusCode;
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]*)\"")]
    private static partial Regex Token();
}
