using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Backstop.Tests.Imap;

/// <summary>
/// An IMAP server on loopback with three messages in INBOX. It does as it should but where a script says otherwise: a section for a
/// command gives what is said instead. In a script's line <c>[tag]</c> is the command's tag, <c>[repeat N TEXT]</c> and <c>[forever
/// TEXT]</c> repeat a text,
/// <c>[normal]</c> is the right answer, <c>[close]</c> hangs up and <c>[silence]</c> says nothing more. A backslash at its end: no
/// line end follows.
/// </summary>
internal sealed partial class FakeImap : IAsyncDisposable
{
    private const long Enough = 512 << 20;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, List<string>> _script;
    private readonly X509Certificate2? _certificate;
    private readonly bool _isTls;
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Stored>> _folders = new(StringComparer.OrdinalIgnoreCase)
    {
        ["INBOX"] = [Stored.Of(1), Stored.Of(2), Stored.Of(3)],
        ["Sent"] = [Stored.Of(1)],
    };
    private readonly Dictionary<string, int> _times = new(StringComparer.Ordinal);
    private readonly HashSet<uint> _deleted = [];
    private uint _lastUid = 99;
    private int _responses;
    private long _sent;

    /// <summary>Listens.</summary>
    /// <param name="script">What it says otherwise.</param>
    /// <param name="certificate">Encrypts: by STARTTLS, or from the first octet.</param>
    /// <param name="isTls">From the first octet.</param>
    public FakeImap(Dictionary<string, List<string>>? script = null, X509Certificate2? certificate = null, bool isTls = false)
    {
        (_script, _certificate, _isTls) = (script ?? [], certificate, isTls);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Octets that clients took.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Hangs up in the middle of that response, counted over all connections; 0 for never.</summary>
    public int CutAt { get; set; }

    /// <summary>
    /// Carries out a command for so many a time, counted over all connections, and hangs up without an answer; null for never.
    /// </summary>
    public (string Command, int Times)? HangsUpAfter { get; set; }

    /// <summary>Whether it has MOVE (RFC 6851).</summary>
    public bool HasMove { get; init; } = true;

    /// <summary>Whether a client began to encrypt.</summary>
    public bool IsEncrypted { get; private set; }

    public int Responses => Volatile.Read(ref _responses);

    /// <summary>Messages of a folder.</summary>
    public int Count(string folder)
    {
        lock (_gate)
        {
            return _folders.TryGetValue(folder, out var ids) ? ids.Count : 0;
        }
    }

    /// <summary>The messages of a folder, each with its date, in order.</summary>
    public List<string> Mails(string folder)
    {
        lock (_gate)
        {
            return [.. _folders[folder].Select(m => $"{m.Received} {m.Mail}").Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>How often a command was carried out.</summary>
    public int Times(string command)
    {
        lock (_gate)
        {
            return _times.GetValueOrDefault(command);
        }
    }

    /// <summary>Removes the first message of a folder, as another client does.</summary>
    public void Forget(string folder)
    {
        lock (_gate)
        {
            _folders[folder].RemoveAt(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception error) when (
            error is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = _isTls ? await EncryptAsync(client.GetStream()) : client.GetStream();
                var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
                var folder = "INBOX";
                await AnswerAsync(stream, "GREETING", "", () => "* OK ready\r\n");
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    if (line.EndsWith(" STARTTLS", StringComparison.Ordinal) && _certificate is not null)
                    {
                        await AnswerAsync(stream, "STARTTLS", line.Split(' ')[0], () => $"{line.Split(' ')[0]} OK begin\r\n");
                        stream = await EncryptAsync(stream);
                        reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
                        continue;
                    }

                    var words = line.Split(' ', 3);
                    var isUid = words.Length > 2 && words[1] == "UID";
                    var command = isUid ? $"UID {words[2].Split(' ')[0]}" : words[1];
                    var rest = words.Length < 3 ? "" : isUid ? words[2][(words[2].IndexOf(' ', StringComparison.Ordinal) + 1)..] : words[2];
                    folder = command is "SELECT" or "EXAMINE" ? Name(rest) : folder;
                    if (command == "APPEND")
                    {
                        rest += await LiteralAsync(stream, reader, rest);
                    }

                    await AnswerAsync(stream, command, words[0], () => Normal(words[0], command, rest, folder));
                }
            }
            catch (Exception error) when (
                error is IOException or SocketException or OperationCanceledException or ObjectDisposedException
                    or System.Security.Authentication.AuthenticationException)
            {
                // The client left, or the script did.
            }
        }
    }

    private async Task<string> LiteralAsync(Stream stream, StreamReader reader, string command)
    {
        await SendAsync(stream, "+ go on\r\n"u8.ToArray());
        var octets = new char[int.Parse(command[(command.LastIndexOf('{') + 1)..^1], CultureInfo.InvariantCulture)];
        await reader.ReadBlockAsync(octets, _stop.Token);
        await reader.ReadLineAsync(_stop.Token);
        return $"\n{new string(octets)}";
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        IsEncrypted = true;
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return tls;
    }

    private async Task AnswerAsync(Stream stream, string command, string tag, Func<string> normal)
    {
        if (!_script.TryGetValue(command, out var lines))
        {
            await SayAsync(stream, normal());
            return;
        }

        foreach (var line in lines)
        {
            var text = line.Replace("[tag]", tag, StringComparison.Ordinal);
            if (text == "[silence]")
            {
                await Task.Delay(Timeout.Infinite, _stop.Token);
            }
            else if (text == "[close]")
            {
                throw new IOException("as the script says");
            }
            else if (Forever().Match(text) is { Success: true } endless)
            {
                var chunk = Encoding.Latin1.GetBytes(
                    string.Concat(Enumerable.Repeat(endless.Groups["text"].Value.Replace("\\n", "\r\n", StringComparison.Ordinal), 4000)));
                while (Sent < Enough)
                {
                    await SendAsync(stream, chunk);
                }
            }
            else
            {
                var said = text == "[normal]"
                    ? normal()
                    : Repeat().Replace(
                    text,
                    m => string.Concat(Enumerable.Repeat(
                        m.Groups["text"].Value, int.Parse(m.Groups["times"].Value, CultureInfo.InvariantCulture))));
                await SayAsync(stream, said.EndsWith('\\') ? said[..^1] : text == "[normal]" ? said : said + "\r\n");
            }
        }
    }

    private async Task SayAsync(Stream stream, string text)
    {
        var octets = Encoding.Latin1.GetBytes(text);
        if (Interlocked.Increment(ref _responses) == CutAt)
        {
            await SendAsync(stream, octets.AsMemory(0, octets.Length / 2));
            throw new IOException("cut");
        }

        await SendAsync(stream, octets);
    }

    private async Task SendAsync(Stream stream, ReadOnlyMemory<byte> octets)
    {
        await stream.WriteAsync(octets, _stop.Token);
        Interlocked.Add(ref _sent, octets.Length);
    }

    private string Normal(string tag, string command, string rest, string folder)
    {
        lock (_gate)
        {
            var answer = command switch
            {
                "CAPABILITY" =>
                    $"* CAPABILITY IMAP4rev1{(HasMove ? " MOVE" : "")} "
                        + $"UIDPLUS{(_certificate is not null && !_isTls ? " STARTTLS" : "")}\r\n",
                "LIST" or "LSUB" =>
                    rest.EndsWith("\"\"", StringComparison.Ordinal)
                        ? "* LIST (\\Noselect) \"/\" \"\"\r\n"
                        : string.Concat(_folders.Keys.Select(f => $"* LIST (\\HasNoChildren) \"/\" \"{f}\"\r\n")),
                "CREATE" => Make(Name(rest)),
                "STATUS" => $"* STATUS \"{Name(rest)}\" (UIDNEXT {_lastUid + 1} UIDVALIDITY 7 MESSAGES {Count(Name(rest))})\r\n",
                "SELECT" or "EXAMINE" =>
                    $"* FLAGS (\\Seen \\Deleted)\r\n* {Count(folder)} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT "
                        + $"{_lastUid + 1}] x\r\n",
                "UID SEARCH" => $"* SEARCH{string.Concat(In(folder, rest.Split(' ')[^1]).Select(m => $" {m.Uid}"))}\r\n",
                "FETCH" or "UID FETCH" =>
                    string.Concat(In(folder, command == "FETCH" ? "1:*" : rest.Split(' ')[0]).Select(m => Fetched(folder, m, rest))),
                "APPEND" => Append(Name(rest), rest),
                "UID COPY" => Copy(Name(rest.Split(' ', 2)[1]), In(folder, rest.Split(' ')[0])),
                "UID MOVE" => Move(folder, Name(rest.Split(' ', 2)[1]), In(folder, rest.Split(' ')[0])),
                "UID STORE" => Delete(In(folder, rest.Split(' ')[0])),
                "UID EXPUNGE" => Expunge(folder),
                "LOGOUT" => "* BYE\r\n",
                _ => "",
            };
            _times[command] = _times.GetValueOrDefault(command) + 1;
            if (HangsUpAfter == (command, _times[command]))
            {
                throw new IOException("as the test says");
            }

            return answer + $"{tag} OK {(command is "SELECT" ? "[READ-WRITE] " : command is "EXAMINE" ? "[READ-ONLY] " : "")}done\r\n";
        }
    }

    private string Make(string name)
    {
        _folders.TryAdd(name, []);
        return "";
    }

    private List<Stored> In(string folder, string set)
    {
        var known = _folders.TryGetValue(folder, out var all) ? all : [];
        return [.. known.Where(m =>
            set.Split(',').Any(r =>
                r.Split(':') is var ends && m.Uid >= uint.Parse(ends[0], CultureInfo.InvariantCulture) && (
                    ends[^1] == "*" || m.Uid <= uint.Parse(ends[^1], CultureInfo.InvariantCulture))))];
    }

    private string Fetched(string folder, Stored message, string what)
    {
        var mail = message.Mail;
        var at = _folders[folder].IndexOf(message) + 1;
        var body = !what.Contains("BODY.PEEK[", StringComparison.Ordinal) ? ""
            : what.Contains("HEADER", StringComparison.Ordinal) ? $" BODY[HEADER] {{{Header(mail).Length}}}\r\n{Header(mail)}"
            : $" BODY[] {{{mail.Length}}}\r\n{mail}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"* {at} FETCH (UID {message.Uid} FLAGS () INTERNALDATE \"{message.Received}\" RFC822.SIZE {mail.Length}{body})\r\n");
    }

    private string Append(string folder, string command)
    {
        var received = command[(command.LastIndexOf("\" {", StringComparison.Ordinal) - 26)..][..26];
        var message = new Stored(++_lastUid, command[(command.IndexOf('\n', StringComparison.Ordinal) + 1)..], received);
        _folders[folder].Add(message);
        return $"* {_folders[folder].Count} EXISTS\r\n";
    }

    private string Copy(string to, List<Stored> messages)
    {
        Make(to);
        var copies = messages.ConvertAll(m => m with { Uid = ++_lastUid });
        _folders[to].AddRange(copies);
        return messages.Count == 0
            ? ""
            : $"* OK [COPYUID 7 {string.Join(',', messages.Select(m => m.Uid))} {string.Join(',', copies.Select(m => m.Uid))}] done\r\n";
    }

    private string Move(string from, string to, List<Stored> messages)
    {
        var answer = Copy(to, messages);
        messages.ForEach(m => _folders[from].Remove(m));
        return answer + string.Concat(messages.Select(_ => "* 1 EXPUNGE\r\n"));
    }

    private string Delete(List<Stored> messages)
    {
        _deleted.UnionWith(messages.Select(m => m.Uid));
        return "";
    }

    private string Expunge(string folder)
    {
        var gone = _folders[folder].RemoveAll(m => _deleted.Contains(m.Uid));
        return string.Concat(Enumerable.Repeat("* 1 EXPUNGE\r\n", gone));
    }

    private static string Header(string mail) => mail[..(mail.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)];

    private static string Name(string rest) => rest.StartsWith('"') ? rest.Split('"')[1] : rest.Split(' ')[0];

    [GeneratedRegex(@"^\[forever (?<text>.*)\]$", RegexOptions.CultureInvariant)]
    private static partial Regex Forever();

    [GeneratedRegex(@"\[repeat (?<times>\d+) (?<text>.*?)\]", RegexOptions.CultureInvariant)]
    private static partial Regex Repeat();

    private sealed record Stored(uint Uid, string Mail, string Received)
    {
        public static Stored Of(uint uid) => new(
            uid, Server.ServerMail.BounceOf($"forged{uid}@forged.example").ReplaceLineEndings("\r\n"),
            $"24-Nov-2026 10:00:0{uid % 10} +0000");
    }
}
