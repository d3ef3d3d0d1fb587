using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Backstop.Judging;
using Backstop.Judging.Filters;

namespace Backstop.Server.Filters;

/// <summary>Asks rspamd over HTTP (<c>/checkv2</c>), over connections that are kept open.</summary>
internal sealed class RspamdFilter : IMessageFilter, IDisposable
{
    private const int MaxSymbols = 60;
    private const int MaxReply = 1 << 20;

    private readonly HttpClient _http;
    private readonly Uri _check;

    public RspamdFilter(Uri address)
    {
        _check = new Uri(address, "/checkv2");
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                ConnectTimeout = TimeSpan.FromSeconds(2),
                AllowAutoRedirect = false,
                UseProxy = false
            })
        {
            MaxResponseContentBufferSize = MaxReply,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public string Name => "rspamd";

    public async Task<FilterVerdict> JudgeAsync(FilterQuestion question, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _check) { Content = new ReadOnlyMemoryContent(question.Content) };
        Add(request.Headers, "IP", question.Client.ToString());
        Add(request.Headers, "Hostname", question.ClientName);
        Add(request.Headers, "Helo", question.Helo);
        Add(request.Headers, "From", question.ReversePath);
        foreach (var recipient in question.Recipients)
        {
            Add(request.Headers, "Rcpt", recipient);
        }

        using var response = await _http.SendAsync(request, ct);
        var reply = await response.Content.ReadAsByteArrayAsync(ct);
        return response.IsSuccessStatusCode ? Read(reply) : throw new FilterException(
            $"rspamd replied with HTTP status {(int)response.StatusCode}");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Parses a reply. What rspamd would mark, rename or reject is spam; greylisting and soft rejects are ignored.
    /// </summary>
    /// <exception cref="FilterException">The reply is malformed.</exception>
    public static FilterVerdict Read(ReadOnlyMemory<byte> reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply);
            var root = json.RootElement;
            var isSpam = root.GetProperty("action").GetString() is "add header" or "rewrite subject" or "reject" or "quarantine";
            var (score, required) = (
                root.GetProperty("score").GetDouble(), root.TryGetProperty("required_score", out var limit) ? limit.GetDouble() : 0);
            var symbols = root.TryGetProperty("symbols", out var found) && found.ValueKind == JsonValueKind.Object
                ? found.EnumerateObject().Select(s => FilterFields.Word(s.Name)).Take(MaxSymbols)
                : [];
            var status = string.Create(
                CultureInfo.InvariantCulture,
                $"X-Spam-Status: {(isSpam ? "Yes" : "No")}, score={score:0.0} "
                    + $"required={required:0.0}\n\ttests={string.Join(",\n\t", symbols)}\n");
            return new(isSpam ? ServerReasons.SpamScore : null, isSpam ? "X-Spam-Flag: YES\n" + status : status);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FilterException($"the reply of rspamd cannot be read: {error.Message}");
        }
    }

    // Added without validation: the values come from the client, and a wrong one must not prevent the scan. Line ends
    // cannot be in them; they are checked for all the same.
    private static void Add(HttpRequestHeaders headers, string name, string value)
    {
        if (value.Length > 0 && System.Text.Ascii.IsValid(value) && !value.AsSpan().ContainsAny("\r\n\0"))
        {
            headers.TryAddWithoutValidation(name, value);
        }
    }
}
