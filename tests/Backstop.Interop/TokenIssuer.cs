using System.Net;
using System.Text;

namespace Backstop.Interop;

/// <summary>Knows one OAuth token and whose it is; Dovecot asks it over HTTP.</summary>
internal sealed class TokenIssuer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _answering;

    public TokenIssuer(string user, string token)
    {
        var root = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"http://127.0.0.1:{Server.FreePort()}/");
        _listener.Prefixes.Add(root);
        _listener.Start();
        Url = root + "info?token=";
        _answering = AnswerAsync(user, token);
    }

    public string Url { get; }

    public void Dispose()
    {
        _listener.Close();
        _answering.Wait(TimeSpan.FromSeconds(5), CancellationToken.None);
    }

    private async Task AnswerAsync(string user, string token)
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var isKnown = context.Request.QueryString["token"] == token;
                context.Response.StatusCode = isKnown ? 200 : 401;
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(
                    Encoding.ASCII.GetBytes(isKnown ? $"{{\"user\":\"{user}\"}}" : "{\"error\":\"invalid_token\"}"));
                context.Response.Close();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
