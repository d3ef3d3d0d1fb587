using System.Text;
using System.Text.Json;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Posix.Programs;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;

namespace Backstop.Server.Alerts;

/// <summary>
/// The channels for alerts. Each is used independently of the others; every failure is thrown as an <see
/// cref="IOException"/>.
/// </summary>
internal sealed class AlertChannels(BackstopOptions options, BackstopMetrics metrics, TimeProvider time) : IDisposable
{
    private readonly AlertOptions _alert = options.Alert;
    private readonly ProgramRunner _runner = new(time);
    private readonly HttpClient _http = new() { Timeout = options.Alert.TimeLimit };

    /// <summary>The configured channels, by name.</summary>
    public IEnumerable<(string Name, Func<AlertMessage, Task> SendAsync)> All()
    {
        if (_alert.Webhook.Length > 0)
        {
            yield return ("webhook", PostAsync);
        }

        if (_alert.Command.Length > 0)
        {
            yield return ("command", RunAsync);
        }

        if (_alert.MailTo.Length > 0)
        {
            yield return ("mail", MailAsync);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task PostAsync(AlertMessage message)
    {
        try
        {
            using var content = new StringContent(Json(message), Encoding.UTF8, "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, _alert.Webhook) { Content = content };

            // The status is enough, and an endless reply must not be read.
            using var reply = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            reply.EnsureSuccessStatusCode();
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            throw new IOException(error.Message, error);
        }
    }

    private async Task RunAsync(AlertMessage message)
    {
        // A program need not read its input: the exit code says whether it did its work.
        var command = ProgramCommand.OfHost(_alert.Command, message.Event) with
        {
            Input = [Encoding.UTF8.GetBytes(Json(message))],
            Output = 1,
            Limit = _alert.TimeLimit,
        };
        var end = await _runner.RunAsync(command, CancellationToken.None);
        if (end.Status != 0)
        {
            throw new IOException(end.TimedOut ? "the program did not end in time" : $"the program ended with exit code {end.Status}");
        }
    }

    private async Task MailAsync(AlertMessage message)
    {
        var now = time.GetUtcNow();
        using var server = await NextHopConnection.OpenAsync(
            PeerAddress.Parse(_alert.MailVia)!, $"EHLO {options.Hostname}", _alert.TimeLimit, _alert.TimeLimit, time);
        await ExpectAsync("MAIL FROM:<>", 250);
        await ExpectAsync($"RCPT TO:<{_alert.MailTo}>", 250);
        await ExpectAsync("DATA", 354);
        await ExpectAsync(message.Mail(_alert.MailTo, $"alert.{now.ToUnixTimeMilliseconds():x}.{Random.Shared.Next():x}", now) + ".", 250);
        metrics.Generated();
        await server.AskAsync("QUIT", _alert.TimeLimit);

        async Task ExpectAsync(string line, int code)
        {
            SmtpReply reply = await server.AskAsync(line, _alert.TimeLimit, code / 100);
            if (reply.Code != code)
            {
                throw new IOException($"{_alert.MailVia} answered {reply}");
            }
        }
    }

    private static string Json(AlertMessage message) => JsonSerializer.Serialize(message, AlertJson.Default.AlertMessage);
}
