using System.Globalization;
using System.Net;

namespace Backstop.StormGenerator;

/// <summary>What a generated message is in truth.</summary>
internal enum GeneratedKind
{
    /// <summary>A bounce for mail that was never sent.</summary>
    Bounce,

    /// <summary>A bounce for mail that was sent.</summary>
    Genuine,

    /// <summary>Mail from a person.</summary>
    Legit,
}

/// <summary>A message that was sent, as the journal knows it.</summary>
internal sealed record SentMail(string MessageId, string Recipient, string Subject);

/// <summary>One message of the generator.</summary>
/// <param name="Id">Unique in this run. The field X-Storm-Id, which no server reads, has it too.</param>
/// <param name="Kind">What the message is in truth.</param>
/// <param name="Source">The loopback address that it is sent from.</param>
/// <param name="ReversePath">The envelope sender; empty for the null sender.</param>
/// <param name="ForwardPath">The envelope recipient.</param>
/// <param name="Content">The message as sent after DATA: CRLF line ends, dots stuffed, the final dot included.</param>
internal sealed record StormMessage(
    string Id, GeneratedKind Kind, IPAddress Source, string ReversePath, string ForwardPath, string Content);

/// <summary>Writes the messages of a storm. The same seed makes the same messages.</summary>
internal sealed class StormMail
{
    private static readonly string[] _words =
    [
        "parcel", "meeting", "invoice", "garden", "weather", "ticket", "printer", "coffee", "budget", "holiday",
        "recipe", "report", "window",
        "photo", "bicycle", "letter", "lunch", "station", "library", "project", "harvest", "answer", "kitchen",
        "journey", "discount", "watches",
        "casino", "refund", "winner", "pills", "degree", "loan",
    ];

    private readonly string _run;
    private readonly string _victim;
    private readonly IReadOnlyList<SentMail> _sent;
    private readonly Func<string>? _tagged;
    private readonly DateTimeOffset _now;
    private readonly int _seed;
    private readonly int _sources;

    /// <summary>Prepares the messages.</summary>
    /// <param name="seed">The seed of the random numbers.</param>
    /// <param name="run">Marks the messages of this run.</param>
    /// <param name="victim">The forged address.</param>
    /// <param name="sent">The mail that the victim really sent.</param>
    /// <param name="tagged">Returns the victim's address with a tag; null where there is no key.</param>
    /// <param name="sources">How many servers send bounces.</param>
    /// <param name="now">The present time.</param>
    public StormMail(
        int seed, string run, string victim, IReadOnlyList<SentMail> sent, Func<string>? tagged, int sources, DateTimeOffset now)
    {
        _seed = seed;
        _run = run;
        _victim = victim;
        _sent = sent;
        _tagged = tagged;
        _sources = sources;
        _now = now;
    }

    /// <summary>Makes the mail that the victim really sent, from a seed.</summary>
    public static IReadOnlyList<SentMail> MakeSent(int seed, string run, string domain, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new SentMail(
            $"{run}.{i}.{random.Next():x}@{domain}", $"{Word(random)}.{Word(random)}{random.Next(1000)}@people{random.Next(200)}"
                + $".example.com", Subject(random)))];
    }

    public StormMessage Make(GeneratedKind kind, int number)
    {
        var random = new Random(HashCode(number, kind));
        var id = $"{_run}-{number}";
        return kind == GeneratedKind.Legit ? MakeLegit(id, random) : MakeBounce(id, kind, number, random);
    }

    private StormMessage MakeBounce(string id, GeneratedKind kind, int number, Random random)
    {
        var isGenuine = kind == GeneratedKind.Genuine;
        var dialects = Dialects.All.Where(d => !isGenuine || !d.IsAnswer).ToList();
        var dialect = dialects[random.Next(dialects.Count)];
        var host = $"mail{random.Next(800)}.example.net";
        var sent = isGenuine ? _sent[number % _sent.Count] : ForgedMail(random);
        var header = ReturnedHeader(sent, isGenuine, random);
        var content = dialect.Template
            .Replace("{returned}", header + "\n" + Text(random, 5 + random.Next(30)), StringComparison.Ordinal)
            .Replace("{header}", header, StringComparison.Ordinal)
            .Replace("{rcpt}", sent.Recipient, StringComparison.Ordinal)
            .Replace("{subject}", sent.Subject, StringComparison.Ordinal)
            .Replace("{mid}", sent.MessageId, StringComparison.Ordinal)
            .Replace("{host}", host, StringComparison.Ordinal)
            .Replace("{env}", _victim, StringComparison.Ordinal)
            .Replace("{date}", Date(random), StringComparison.Ordinal)
            .Replace("{id}", random.Next().ToString("X", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{boundary}", $"{random.Next():X8}.{random.Next(99999)}/{host}", StringComparison.Ordinal);
        content = $"X-Storm-Id: {id}\nDate: {Date(random)}\nMessage-ID: <{random.Next():x}.{random.Next():x}@{host}>\n{content}";
        var reversePath = dialect.IsAnswer && random.Next(2) == 0 ? $"auto{random.Next(900)}@{host}" : "";
        var forwardPath = isGenuine && _tagged is not null && random.Next(2) == 0 ? _tagged() : _victim;
        return new(id, kind, Source(64, random.Next(_sources)), reversePath, forwardPath, Wire(content));
    }

    private StormMessage MakeLegit(string id, Random random)
    {
        var friend = $"friend{random.Next(50)}@{Word(random)}{random.Next(90)}.example.org";

        // Now and then a person writes about undeliverable things: words alone must not have that filed.
        var subject = random.Next(6) == 0 ? "Re: Undeliverable parcels and mail delivery failed?" : Subject(random);
        var desk = $"desk.example.org (desk.example.org [198.51.100.{random.Next(255)}])";
        var content = $"""
            X-Storm-Id: {id}
            Received: from {desk} by out.example.org with ESMTPS id {random.Next():x}; {Date(random)}
            Message-ID: <{random.Next():x}.{random.Next():x}@example.org>
            Date: {Date(random)}
            From: A Friend <{friend}>
            To: <{_victim}>
            Subject: {subject}
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8

            {Text(random, 10 + random.Next(50))}
            """.Replace("\r", "", StringComparison.Ordinal);
        return new(id, GeneratedKind.Legit, Source(65, random.Next(50)), friend, _victim, Wire(content + "\n"));
    }

    private SentMail ForgedMail(Random random)
    {
        var id = random.Next(3) switch
        {
            0 => $"{random.Next():x8}.{random.Next():x8}@{_victim.Split('@')[1]}",
            1 => $"{random.Next():x}${random.Next():x}${random.Next():x}@user-pc",
            _ => $"1cb{random.Next():x}.{random.Next():x}.qmail@{_victim.Split('@')[1]}",
        };
        return new(id, $"{Word(random)}.{random.Next(9999)}@rcpt{random.Next(400)}.example.com", Subject(random));
    }

    private string ReturnedHeader(SentMail sent, bool isGenuine, Random random)
    {
        var domain = _victim.Split('@')[1];
        var received = isGenuine
            ? $"from mx.{domain} (mx.{domain} [192.0.2.25]) by relay.example.net with ESMTP id {random.Next():x}"
            : $"from {(random.Next(2) == 0 ? domain : "User-PC")} (HELO {domain}) (198.51.100.{random.Next(255)}) by "
                + $"relay{random.Next(9)}.example.net with SMTP";
        return $"""
            Received: {received};
            	{Date(random)}
            Message-ID: <{sent.MessageId}>
            From: {(isGenuine ? "Mail Owner" : Word(random))} <{_victim}>
            To: <{sent.Recipient}>
            Subject: {sent.Subject}
            Date: {Date(random)}
            MIME-Version: 1.0
            Content-Type: text/plain; charset=us-ascii

            """.Replace("\r", "", StringComparison.Ordinal);
    }

    // RFC 5321 §4.5.2: CRLF line ends, a leading dot doubled, then the final dot.
    private static string Wire(string content)
    {
        var lines = content.Split('\n').Select(l => l.StartsWith('.') ? "." + l : l);
        var text = string.Join("\r\n", lines);
        return (text.EndsWith("\r\n", StringComparison.Ordinal) ? text : text + "\r\n") + ".\r\n";
    }

    private string Date(Random random) =>
        _now.AddSeconds(-random.Next(7200)).ToString("ddd, d MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture);

    private static string Text(Random random, int lines) =>
        string.Join(
            '\n',
            Enumerable.Range(0, lines).Select(_ => string.Join(' ', Enumerable.Range(0, 6 + random.Next(6)).Select(_ => Word(random)))));

    private static string Subject(Random random) => $"{Word(random)} {Word(random)} {Word(random)}";

    private static string Word(Random random) => _words[random.Next(_words.Length)];

    private static IPAddress Source(byte second, int number) => new([127, second, (byte)(number >> 8), (byte)(1 + (number & 127))]);

    // The same on every machine and in every run, which System.HashCode is not.
    private int HashCode(int number, GeneratedKind kind) => unchecked((_seed * 486187739) + (number * 16777619) + ((int)kind * 7919));
}
