using Backstop.Configuration;
using Backstop.State;

namespace Backstop.Tests.Server;

/// <summary>Mail for a test server, and its journal.</summary>
internal static class ServerMail
{
    private const string Bounce = """
        From: MAILER-DAEMON@mail4.example.net
        To: me@example.org
        Subject: failure notice

        Hi. This is the qmail-send program at mail4.example.net.
        <sam@example.com>:
        no such user

        --- Below this line is a copy of the message.

        Message-ID: <{0}>
        From: me@example.org
        To: sam@example.com
        Subject: hello
        """;

    public static string BounceOf(string messageId) => Bounce.Replace("{0}", messageId, StringComparison.Ordinal);

    public static async Task<string> SendAsync(TestServer server, string reversePath, string recipient, string message)
    {
        using var dialog = new Dialog(server.Smtp);
        await dialog.ConnectAsync();
        var greeting = await dialog.ReadLineAsync() ?? "";
        if (!greeting.StartsWith("220", StringComparison.Ordinal))
        {
            return $"greeting: {greeting}";
        }

        foreach (var command in new[] { "EHLO client.example", $"MAIL FROM:{reversePath}", $"RCPT TO:<{recipient}>", "DATA" })
        {
            var reply = await dialog.AskAsync(command);
            if (reply.Length == 0 || reply[0] is '4' or '5')
            {
                return reply.Length == 0 ? $"the connection ended at {command}" : reply;
            }
        }

        var lines = message.ReplaceLineEndings("\n").Split('\n').Select(l => l.StartsWith('.') ? "." + l : l);
        await dialog.SendAsync(string.Join("\r\n", lines) + "\r\n.\r\n");
        return await dialog.ReadLineAsync() ?? "the connection ended after the data";
    }

    /// <summary>Waits until the status page has a text.</summary>
    public static async Task StatusAsync(TestServer server, string wanted)
    {
        using var http = new HttpClient();
        for (var tries = 0; tries < 200; tries++)
        {
            if ((await http.GetStringAsync(
                new Uri($"http://{server.Web}/status"), TestContext.Current.CancellationToken)).Contains(wanted, StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"status never showed {wanted}");
    }

    public static void Journal(TestServer server, Action<SentJournal> use)
    {
        using var journal = new SentJournal(DataPaths.Journal(server.Options), TimeProvider.System, TimeSpan.FromDays(14));
        use(journal);
    }
}
