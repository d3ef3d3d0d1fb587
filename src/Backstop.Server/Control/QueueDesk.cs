using System.Globalization;
using Backstop.Judging;
using Backstop.Mail;
using Backstop.Mailboxes;
using Backstop.Mailboxes.Spool;
using Backstop.Server.Delivery;

namespace Backstop.Server.Control;

/// <summary>
/// Answers what a person asks about the queue, and does what a person wants done: for the command line, through the server or without
/// one, and for the dashboard.
/// </summary>
/// <param name="spool">The spool.</param>
/// <param name="delivery">The deliveries.</param>
/// <param name="recipients">Returns the mailboxes as they are configured now.</param>
/// <param name="time">The clock.</param>
internal sealed class QueueDesk(SpoolLog spool, DeliveryQueue delivery, Func<Recipients> recipients, TimeProvider time)
{
    // Changes that are made at the same time share a sync.
    private const int MaxAtOnce = 128;
    private const int MaxPiece = 48 << 10;
    private const int MaxFolderName = 200;

    private readonly QueueLines _lines = new(delivery, time);

    /// <summary>Answers a request, piece by piece: however long the queue is, little of it is in memory.</summary>
    /// <param name="request">The request.</param>
    /// <param name="ct">Ends the answer.</param>
    public IAsyncEnumerable<QueueReply> AnswerAsync(QueueRequest request, CancellationToken ct) => request.Verb switch
    {
        QueueVerbs.List => List(request).Select(l => new QueueReply { Line = l }).ToAsyncEnumerable(),
        QueueVerbs.Deleted => Deleted(request).Select(l => new QueueReply { Deleted = l }).ToAsyncEnumerable(),
        QueueVerbs.Show => Show(request).ToAsyncEnumerable(),
        QueueVerbs.Hold => DoAsync(request, delivery.HoldAsync, ct),
        QueueVerbs.Release => DoAsync(request, delivery.ReleaseAsync, ct),
        QueueVerbs.Deliver => DoAsync(request, delivery.TryNowAsync, ct),
        QueueVerbs.Delete => DoAsync(request, delivery.DeleteAsync, ct),
        QueueVerbs.Restore => DoAsync(request, (id, _) => delivery.RestoreAsync(id), ct),
        QueueVerbs.Redirect => Redirection(request, out var wrong) is { } redirect
            ? DoAsync(request, (id, end) => delivery.RedirectAsync(id, redirect, end), ct)
            : Wrong(wrong),
        _ => Wrong($"this server does not know \"{request.Verb}\"; it may be older than this program"),
    };

    /// <summary>Returns the messages that fit, oldest first.</summary>
    public IEnumerable<QueueLine> List(QueueRequest request) => Limited(All().Where(request.Filter.Fits), request.Limit);

    /// <summary>Returns all messages, oldest first; each is read when it is asked for.</summary>
    public IEnumerable<QueueLine> All() => delivery.Ids().Select(_lines.Of).OfType<QueueLine>();

    /// <summary>Returns one message; null where it is not in the queue.</summary>
    public QueueLine? Find(string id) => IdOf(id) is { } number ? _lines.Of(number) : null;

    /// <summary>Does something about one message.</summary>
    /// <returns>What became of it; null where the verb is none of those that need nothing else.</returns>
    public async Task<DoneLine?> DoAsync(string verb, string id, CancellationToken ct)
    {
        await foreach (var reply in AnswerAsync(new(verb) { Ids = [id] }, ct))
        {
            return reply.Done;
        }

        return null;
    }

    private static IAsyncEnumerable<QueueReply> Wrong(string error) =>
        new[] { new QueueReply { Error = error } }.ToAsyncEnumerable();

    private static IEnumerable<T> Limited<T>(IEnumerable<T> all, int limit) => limit > 0 ? all.Take(limit) : all;

    private IEnumerable<DeletedLine> Deleted(QueueRequest request) =>
        Limited(spool.Deleted.All().OrderBy(d => d.At).Select(d => DeletedOf(d.Id, d.At)).OfType<DeletedLine>(), request.Limit);

    private DeletedLine? DeletedOf(ulong id, DateTimeOffset at)
    {
        try
        {
            return spool.Deleted.Read(id) is { Envelope: { } envelope }
                ? new(
                    SpoolEntry.TextOf(id), at, DateTimeOffset.FromUnixTimeMilliseconds(envelope.ReceivedUnixMs), envelope.BodyLength,
                    envelope.ReversePath, [.. envelope.Targets.SelectMany(t => t.Recipients ?? [t.Mailbox ?? t.Folder.Path])])
                : null;
        }
        catch (IOException)
        {
            // Its file is damaged, and restoring it says so.
            return new(SpoolEntry.TextOf(id), at, DateTimeOffset.FromUnixTimeMilliseconds((long)(id >> 16)), 0, "", []);
        }
    }

    private IEnumerable<QueueReply> Show(QueueRequest request)
    {
        foreach (var text in request.Ids)
        {
            if (Find(text) is not { } line)
            {
                yield return NotFound(text);
                continue;
            }

            if (request.Part == QueuePart.None)
            {
                yield return new() { Line = line };
                continue;
            }

            foreach (var piece in Mail(IdOf(text)!.Value, request.Part))
            {
                yield return piece;
            }
        }
    }

    // As its first copy is delivered.
    private IEnumerable<QueueReply> Mail(ulong id, QueuePart part)
    {
        SpoolContent content;
        Stream body;
        try
        {
            content = spool.Read(delivery.Report(id)?.Entry ?? throw new IOException("it was delivered just now"));
            body = content.OpenBody();
        }
        catch (IOException error)
        {
            return [new() { Done = new(SpoolEntry.TextOf(id), Words[QueueOutcome.Failed], error.Message) }];
        }

        return Pieces(System.Text.Encoding.UTF8.GetBytes(content.HeaderOf(0) + content.Envelope.Trace), body, part);
    }

    private static IEnumerable<QueueReply> Pieces(byte[] fields, Stream body, QueuePart part)
    {
        using var octets = body;
        yield return new() { Octets = fields };
        var buffer = new byte[MaxPiece];
        var last = (byte)'\n';
        for (int read; (read = octets.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            var end = part == QueuePart.Header ? EndOfHeader(buffer.AsSpan(0, read), last) : -1;
            yield return new() { Octets = buffer[..(end < 0 ? read : end)] };
            if (end >= 0)
            {
                yield break;
            }

            last = buffer[read - 1];
        }
    }

    // The first empty line, which may begin where a piece ends.
    private static int EndOfHeader(ReadOnlySpan<byte> piece, byte before) =>
        before == (byte)'\n' && piece[0] == (byte)'\n' ? 0
        : piece.IndexOf("\n\n"u8) is >= 0 and var at ? at + 1
        : -1;

    private async IAsyncEnumerable<QueueReply> DoAsync(
        QueueRequest request, Func<ulong, CancellationToken, Task<QueueResult>> change,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var meant = request.Ids.Count > 0 ? request.Ids : List(request).Select(l => l.Id);
        foreach (var chunk in meant.Chunk(MaxAtOnce))
        {
            foreach (var done in await Task.WhenAll(chunk.Select(id => DoAsync(id, change, ct))))
            {
                yield return done;
            }
        }
    }

    private static async Task<QueueReply> DoAsync(
        string text, Func<ulong, CancellationToken, Task<QueueResult>> change, CancellationToken ct)
    {
        if (IdOf(text) is not { } id)
        {
            return NotFound(text);
        }

        try
        {
            var (outcome, detail) = await change(id, ct);
            return new() { Done = new(text, Words[outcome], detail) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new() { Done = new(text, Words[QueueOutcome.Failed], error.Message) };
        }
    }

    private Func<SpoolTarget, SpoolTarget>? Redirection(QueueRequest request, out string wrong)
    {
        var isAddress = request.Target.Contains('@', StringComparison.Ordinal);
        var folder = isAddress ? request.Folder : request.Target;
        wrong = "";
        if (folder.Length > MaxFolderName || folder.StartsWith('.') || folder.Any(c => c == '/' || char.IsControl(c))
            || (!isAddress && folder.Length == 0))
        {
            wrong = $"{folder}: not the name of a folder; write INBOX, or a name without a slash and without a dot at its beginning";
            return null;
        }

        Mailbox? to = null;
        if (isAddress)
        {
            to = MailAddress.TryParse(request.Target) is { } address ? recipients().FindNamed(address) : null;
            if (to is null)
            {
                wrong = $"{request.Target}: no mailbox of this server has that address; give one of [mailboxes]";
                return null;
            }
        }

        return target => IsMeant(target, request.For) ? Redirected(target, to, folder) : target;
    }

    private static bool IsMeant(SpoolTarget target, string recipient) =>
        recipient.Length == 0 || QueueFilter.IsOf(target.Mailbox ?? "", recipient)
        || (target.Recipients ?? []).Any(r => QueueFilter.IsOf(r, recipient));

    private SpoolTarget Redirected(SpoolTarget target, Mailbox? to, string folder)
    {
        var name = folder.Length > 0 ? folder : target.Folder.Folder;
        var present = target.Mailbox is { } mailbox ? recipients().Named(mailbox) : null;
        IEnumerable<FolderRef> before = [target.Folder, .. present is null ? [] : new[] { present.Folder(target.Folder.Folder) }];
        var now = to ?? present;
        var place = now?.Folder(name) ?? target.Folder with { Folder = name };
        return place == target.Folder && (to is null || to.Keys[0] == target.Mailbox)
            ? target
            : target with
            {
                Folder = place,
                Mailbox = to?.Keys[0] ?? target.Mailbox,
                Earlier = [.. (target.Earlier ?? []).Concat(before).Distinct().Where(f => f != place)],
            };
    }

    private static QueueReply NotFound(string id) => new()
    {
        Done = new(id, Words[QueueOutcome.NotFound], "it is not in the queue: delivered, deleted, or never here"),
    };

    private static ulong? IdOf(string text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id) ? id : null;

    private static Dictionary<QueueOutcome, string> Words { get; } = new()
    {
        [QueueOutcome.Done] = "done",
        [QueueOutcome.Unchanged] = "unchanged",
        [QueueOutcome.NotFound] = "not-found",
        [QueueOutcome.Delivered] = "delivered",
        [QueueOutcome.Busy] = "busy",
        [QueueOutcome.Failed] = "failed",
        [QueueOutcome.Trying] = "trying",
        [QueueOutcome.Held] = "held",
    };
}
