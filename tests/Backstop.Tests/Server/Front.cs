using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Configuration.Options;
using Backstop.Mail;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>A mail with its envelope. Lines end in LF.</summary>
internal sealed record FrontMail(string Name, string ReversePath, string Recipient, byte[] Octets);

/// <summary>
/// What became of a mail, in the words that every front must say alike. A refusal has no folder, and does not say the kind.
/// </summary>
internal readonly record struct FrontOutcome(string Verdict, string Reason, string Folder = "", string Kind = "");

/// <summary>A server of its own with one front, and whoever hands mail to it there.</summary>
internal abstract partial class Front(string name) : IAsyncDisposable
{
    public string Name => name;

    protected LogLines Log { get; } = new();

    protected TestServer Server { get; private set; } = null!;

    public async Task<Front> StartAsync(Action<BackstopOptions> configure)
    {
        Server = await TestServer.StartAsync(
            o =>
            {
                configure(o);
                Configure(o);
            },
            logging: l => l.AddProvider(Log).SetMinimumLevel(LogLevel.Information));
        return this;
    }

    public abstract Task<IReadOnlyList<FrontOutcome>> SendAllAsync(IReadOnlyList<FrontMail> mails);

    public virtual async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Log.Dispose();
    }

    protected virtual void Configure(BackstopOptions options)
    {
    }

    /// <summary>The outcome that the field X-Backstop tells. Where another server files, the folder stands in the log only.</summary>
    protected static FrontOutcome Taken(string field, string folder)
    {
        var words = Field().Match(field);
        return new(words.Groups[1].Value, words.Groups[2].Value, folder, words.Groups[3].Value);
    }

    protected static FrontOutcome Refused(string reply) => new("refuse " + reply[..3], Reason().Match(reply).Groups[1].Value);

    protected string LoggedFolder() => Folder().Match(Log.All.Last(l => l.Contains(" folder=", StringComparison.Ordinal))).Groups[1].Value;

    protected static byte[] Lines(ReadOnlySpan<byte> text) =>
        Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(text).Replace("\n", "\r\n", StringComparison.Ordinal));

    [GeneratedRegex(@"(\w+); reason=(\S+); kind=([\w-]+)")]
    private static partial Regex Field();

    [GeneratedRegex(@"\(([^()]+)\)\s*$")]
    private static partial Regex Reason();

    [GeneratedRegex(@" folder=(\S*) ")]
    private static partial Regex Folder();
}

/// <summary>SMTP or LMTP into mailboxes of ours: what lies in them is the outcome.</summary>
internal sealed partial class MailboxFront(string name, bool isLmtp) : Front(name)
{
    public override async Task<IReadOnlyList<FrontOutcome>> SendAllAsync(IReadOnlyList<FrontMail> mails)
    {
        var replies = new List<string>();
        using (var client = await FrontClient.ConnectAsync(isLmtp ? Server.Lmtp : Server.Smtp, isLmtp))
        {
            foreach (var mail in mails)
            {
                replies.Add(await client.SendAsync(mail));
            }
        }

        await Server.DeliveredAsync();
        var filed = Filed();
        return [.. replies.Select(r => r.StartsWith("250", StringComparison.Ordinal) ? filed[r.Split(' ')[^1]] : Refused(r))];
    }

    private Dictionary<string, FrontOutcome> Filed() =>
        Directory.EnumerateFiles(Server.Maildir, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "new")
            .Select(f => (Folder: Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(f)))!, Octets: File.ReadAllBytes(f)))
            .Select(f => (f.Folder, Text: Encoding.Latin1.GetString(f.Octets)))
            .ToDictionary(
                m => QueueId().Match(m.Text).Groups[1].Value,
                m => Taken(m.Text, m.Folder.StartsWith('.') ? m.Folder[1..] : "INBOX"), StringComparer.Ordinal);

    [GeneratedRegex(@"\bid (\w+);")]
    private static partial Regex QueueId();
}

/// <summary>SMTP or LMTP before another server: what that is given is the outcome.</summary>
internal sealed class ProxyFront(string name, bool isLmtp) : Front(name)
{
    private readonly NextServer _next = new(isLmtp);

    public override async Task<IReadOnlyList<FrontOutcome>> SendAllAsync(IReadOnlyList<FrontMail> mails)
    {
        var outcomes = new List<FrontOutcome>();
        using var client = await FrontClient.ConnectAsync(Server.EndPoint(isLmtp ? "lmtp_proxy" : "smtp_proxy"), isLmtp);
        foreach (var mail in mails)
        {
            var reply = await client.SendAsync(mail);
            outcomes.Add(reply.StartsWith("250", StringComparison.Ordinal)
                ? Taken(Encoding.Latin1.GetString(_next.Last), LoggedFolder())
                : Refused(reply));
        }

        return outcomes;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _next.DisposeAsync();
    }

    protected override void Configure(BackstopOptions options)
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        (options.Listen.SmtpProxy, options.Listen.LmtpProxy) = ([any], [any]);
        (options.Relay.SmtpTo, options.Relay.LmtpTo) = (_next.Address, _next.Address);
    }
}

/// <summary>A milter beside another server: the field that it has that server insert is the outcome.</summary>
internal sealed class MilterFront(string name) : Front(name)
{
    public override async Task<IReadOnlyList<FrontOutcome>> SendAllAsync(IReadOnlyList<FrontMail> mails)
    {
        using var peer = await MilterPeer.ConnectAsync(Server.EndPoint("milter"));
        await peer.NegotiateAsync();
        await SayAsync(peer, 'C', "client.example\0" + "4\0\0127.0.0.1\0");
        await SayAsync(peer, 'H', "client.example\0");
        var outcomes = new List<FrontOutcome>();
        foreach (var mail in mails)
        {
            outcomes.Add(await SendAsync(peer, mail));
        }

        return outcomes;
    }

    protected override void Configure(BackstopOptions options) => options.Listen.Milter = [new(IPAddress.Loopback, 0)];

    private async Task<FrontOutcome> SendAsync(MilterPeer peer, FrontMail mail)
    {
        await SayAsync(peer, 'M', $"{mail.ReversePath}\0");
        await SayAsync(peer, 'R', $"<{mail.Recipient}>\0");
        var (code, data) = await peer.HearAsync();
        if (code != 'c')
        {
            await SayAsync(peer, 'A', "");
            return Refused(Text(data));
        }

        var fields = new List<HeaderField>();
        var body = HeaderScan.Scan(mail.Octets, fields);
        foreach (var field in fields)
        {
            await peer.SayAsync('L', (byte[])[.. field.Name(mail.Octets), 0, .. field.RawBody(mail.Octets), 0]);
        }

        await SayAsync(peer, 'N', "");
        await peer.SayAsync('B', Lines(mail.Octets.AsSpan(body)));
        await SayAsync(peer, 'E', "");
        var reason = "";
        for ((code, data) = await peer.HearAsync(); code is 'i' or 'm' or 'p'; (code, data) = await peer.HearAsync())
        {
            reason = code == 'i' && Text(data).Contains("X-Backstop\0", StringComparison.Ordinal) ? Text(data) : reason;
        }

        return code == 'y' ? Refused(Text(data)) : Taken(reason, LoggedFolder());
    }

    private static string Text(byte[] data) => Encoding.Latin1.GetString(data).TrimEnd('\0');

    private static Task SayAsync(MilterPeer peer, char code, string data) => peer.SayAsync(code, Encoding.Latin1.GetBytes(data));
}

/// <summary>One session that hands over mail after mail.</summary>
internal sealed class FrontClient : IDisposable
{
    private readonly Dialog _dialog;

    private FrontClient(Dialog dialog) => _dialog = dialog;

    public static async Task<FrontClient> ConnectAsync(IPEndPoint server, bool isLmtp)
    {
        var dialog = new Dialog(server);
        await dialog.ConnectAsync();
        await dialog.HearAsync();
        Assert.StartsWith("250", await dialog.AskAsync(isLmtp ? "LHLO client.example" : "EHLO client.example"), StringComparison.Ordinal);
        return new(dialog);
    }

    /// <summary>The last reply to a mail.</summary>
    public async Task<string> SendAsync(FrontMail mail)
    {
        foreach (var command in (string[])[$"MAIL FROM:{mail.ReversePath}", $"RCPT TO:<{mail.Recipient}>", "DATA"])
        {
            if (await _dialog.AskAsync(command) is var reply && reply[0] > '3')
            {
                await _dialog.AskAsync("RSET");
                return reply;
            }
        }

        var lines = Encoding.Latin1.GetString(mail.Octets).Split('\n').Select(l => l.StartsWith('.') ? "." + l : l);
        await _dialog.SendAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + ".\r\n"));
        return await _dialog.HearAsync();
    }

    public void Dispose() => _dialog.Dispose();
}
