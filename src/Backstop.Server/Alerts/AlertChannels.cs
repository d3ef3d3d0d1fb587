using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Protocols.Smtp;
using Backstop.Server.Net;

namespace Backstop.Server.Alerts;

/// <summary>The ways an alert goes out. Each is tried by itself; what fails is an <see cref="IOException"/>.</summary>
internal sealed class AlertChannels(BackstopOptions options, BackstopMetrics metrics, TimeProvider time) : IDisposable
{
    private readonly AlertOptions _alert = options.Alert;
    private readonly HttpClient _http = new() { Timeout = options.Alert.TimeLimit };

    /// <summary>The ways that are configured, by name.</summary>
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

            // Its status is enough: a reply without end is not read.
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
        using var limit = new CancellationTokenSource(_alert.TimeLimit, time);
        using var process = new Process { StartInfo = new(_alert.Command, [message.Event]) { RedirectStandardInput = true, UseShellExecute = false } };
        try
        {
            process.Start();
            await WriteAsync(process, Json(message), limit.Token);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException error)
        {
            process.Kill(entireProcessTree: true);
            throw new IOException("not done in time", error);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new IOException(error.Message, error);
        }

        if (process.ExitCode != 0)
        {
            throw new IOException($"ended with {process.ExitCode}");
        }
    }

    // A program that does not want the record need not read it.
    private static async Task WriteAsync(Process process, string json, CancellationToken ct)
    {
        try
        {
            await process.StandardInput.WriteAsync(json.AsMemory(), ct);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Its exit code says whether it did its work.
        }
    }

    private async Task MailAsync(AlertMessage message)
    {
        var now = time.GetUtcNow();
        using var server = await NextHopConnection.OpenAsync(PeerAddress.Parse(_alert.MailVia)!, $"EHLO {options.Hostname}", _alert.TimeLimit, _alert.TimeLimit, time);
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
