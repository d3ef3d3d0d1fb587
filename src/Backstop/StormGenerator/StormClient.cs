using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.StormGenerator;

/// <summary>How one message fared.</summary>
/// <param name="Message">The message that was sent.</param>
/// <param name="Stage">The stage of the last reply: connect, mail, rcpt, data or end.</param>
/// <param name="Code">The code of the last reply; 0 where the connection broke.</param>
/// <param name="Text">The text of the last reply.</param>
/// <param name="Milliseconds">The time from connecting to the last reply.</param>
internal sealed record StormResult(StormMessage Message, string Stage, int Code, string Text, double Milliseconds);

/// <summary>Sends one message over its own connection, as a mail server does.</summary>
/// <remarks>It has its own reader of replies on purpose: the server's reader would not see the server's
/// mistakes.</remarks>
internal static class StormClient
{
    private static readonly TimeSpan _timeLimit = TimeSpan.FromSeconds(60);

    public static async Task<StormResult> SendAsync(IPEndPoint server, StormMessage message, TimeProvider time, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var dialog = new Dialog();
        try
        {
            using var limit = new CancellationTokenSource(_timeLimit, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(message.Source, 0));
            await socket.ConnectAsync(server, both.Token);
            await TalkAsync(socket, message, dialog, both.Token);
        }
        catch (SocketException error)
        {
            dialog.Broke(error.Message);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            dialog.Broke("timed out");
        }

        return new(message, dialog.Stage, dialog.Code, dialog.Text, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private static async Task TalkAsync(Socket socket, StormMessage message, Dialog dialog, CancellationToken ct)
    {
        var buffer = new byte[4096];
        var ok = await StepAsync("connect", null, 220)
            && await StepAsync("connect", "EHLO storm.example.net\r\n", 250)
            && await StepAsync("mail", $"MAIL FROM:<{message.ReversePath}>\r\n", 250)
            && await StepAsync("rcpt", $"RCPT TO:<{message.ForwardPath}>\r\n", 250)
            && await StepAsync("data", "DATA\r\n", 354)
            && await StepAsync("end", message.Content, 250);
        if (dialog.Code != 0 && dialog.Code != 421)
        {
            // Sent for politeness; the answer does not matter.
            await socket.SendAsync(Encoding.ASCII.GetBytes("QUIT\r\n"), ct);
            _ = await socket.ReceiveAsync(buffer, ct);
        }

        _ = ok;

        async Task<bool> StepAsync(string stage, string? command, int wanted)
        {
            dialog.Stage = stage;
            if (command is not null)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(command), ct);
            }

            await dialog.ReadReplyAsync(socket, buffer, ct);
            return dialog.Code == wanted;
        }
    }

    private sealed class Dialog
    {
        private string _received = "";

        public string Stage { get; set; } = "connect";

        public int Code { get; private set; }

        public string Text { get; private set; } = "";

        public void Broke(string why)
        {
            Code = 0;
            Text = why;
        }

        public async Task ReadReplyAsync(Socket socket, byte[] buffer, CancellationToken ct)
        {
            while (!TakeReply())
            {
                var length = await socket.ReceiveAsync(buffer, ct);
                if (length == 0)
                {
                    throw new SocketException((int)SocketError.ConnectionReset);
                }

                _received += Encoding.Latin1.GetString(buffer, 0, length);
            }
        }

        // RFC 5321 §4.2.1: the last line of a reply has a space after its code.
        private bool TakeReply()
        {
            while (_received.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var end)
            {
                var line = _received[..end].TrimEnd('\r');
                _received = _received[(end + 1)..];
                if (line.Length >= 3
                    && int.TryParse(
                    line.AsSpan(0, 3), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture,
                    out var code)
                    && (line.Length == 3 || line[3] == ' '))
                {
                    Code = code;
                    Text = line.Length > 4 ? line[4..] : "";
                    return true;
                }
            }

            return false;
        }
    }
}
