using Backstop.Backscatter.Bounces;
using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;

namespace Backstop.Clean.Imap;

/// <summary>
/// A folder on an IMAP server. Headers are read first; the rest is fetched only of messages that may be automatic
/// answers.
/// </summary>
internal sealed class ImapSource : IMailSource
{
    // Many servers allow about ten connections per user, and the user's mail programs need some of them.
    private const int Connections = 3;
    private const int Batch = 200;

    // A message below this size costs no more than its header, so it is fetched whole.
    private const int Small = 16 * 1024;
    private const int MaxFetched = 256 * 1024;

    private readonly ImapAddress _address;
    private readonly ImapAccess _access;
    private readonly CleanOptions _options;
    private readonly TimeProvider _time;
    private readonly ImapDoor _door;
    private readonly ImapFolder _folder;

    private ImapSource(ImapAddress address, ImapAccess access, CleanOptions options, TimeProvider time, ImapDoor door, ImapFolder folder)
    {
        _address = address with { Folder = folder.FullName };
        _access = access;
        _options = options;
        _time = time;
        _door = door;
        _folder = folder;
    }

    public string Name => _address.ToUri();

    public string Format => "imap";

    /// <summary>Connects, logs in and opens the folder; INBOX where none is named.</summary>
    public static async Task<ImapSource> OpenAsync(
        ImapAddress address, ImapAccess access, CleanOptions options, TimeProvider time, CancellationToken ct)
    {
        var door = await ImapConnection.OpenAsync(address, access, time, ct);
        try
        {
            var folder = await door.AskAsync(
                async c => address.Folder.Length > 0 ? await c.GetFolderAsync(address.Folder, ct) : c.Inbox!, ct);
            return new(address, access, options, time, door, (ImapFolder)folder);
        }
        catch
        {
            door.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct) =>
        await ImapSent.FindAsync(_door, ct) is { } sent ? [(_address with { Folder = sent.FullName }).ToUri()] : [];

    public Task<IReadOnlyList<FoundMail>> SortAsync(CleanJudge judge, Meter meter, CancellationToken ct) => ReadAllAsync(judge, meter, ct);

    public async Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct)
    {
        var mover = new ImapMover(run, _address, _access, _options, _time);
        return await mover.MoveAsync([.. messages.Select(m => m.OnServer)], _folder.UidValidity, target, meter, ct);
    }

    public Task FinishAsync(Run run, CancellationToken ct) => ImapFinish.RunAsync(run, _door, ct);

    public ValueTask DisposeAsync()
    {
        _door.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<IReadOnlyList<FoundMail>> ReadAllAsync(CleanJudge judge, Meter meter, CancellationToken ct)
    {
        await _door.AskAsync(_ => _folder.OpenAsync(FolderAccess.ReadOnly, ct), ct);
        var all = _folder.Count == 0
            ? []
            : await _door.AskAsync(
            _ => _folder.FetchAsync(
                0, -1,
                MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size,
                ct),
            ct);
        if (all.GroupBy(m => m.UniqueId.Id).FirstOrDefault(g => g.Key == 0 || g.Count() > 1) is { } twice)
        {
            // RFC 3501 §2.3.1.1: a number names one message. With two messages of one number the wrong one would be
            // moved.
            throw _door.Lie($"the server gives {twice.Count()} messages the number {twice.Key}");
        }

        meter.Begin("reading", all.Count);

        // A few connections are used in parallel. Where the server allows fewer, fewer are used.
        var batches = new Queue<IMessageSummary[]>(all.Chunk(Batch));
        var found = new List<FoundMail>(all.Count);
        var others = new List<Task>();
        for (var i = 1; i < Connections && batches.Count > i; i++)
        {
            others.Add(ReadOnAnotherAsync(batches, judge, found, meter, ct));
        }

        await ReadAsync(_door, _folder, batches, judge, found, meter, ct);
        await Task.WhenAll(others);
        found.Sort((a, b) => a.Order.CompareTo(b.Order));
        return found;
    }

    private async Task ReadOnAnotherAsync(
        Queue<IMessageSummary[]> batches, CleanJudge judge, List<FoundMail> found, Meter meter, CancellationToken ct)
    {
        ImapDoor door;
        try
        {
            door = await ImapConnection.OpenAsync(_address, _access, _time, ct);
        }
        catch (CleanException)
        {
            // The first connection works, so the folder is read over it alone.
            return;
        }

        using (door)
        {
            var folder = await door.OpenFolderAsync(_folder.FullName, FolderAccess.ReadOnly, ct);
            await ReadAsync(door, folder, batches, judge, found, meter, ct);
        }
    }

    private async Task ReadAsync(
        ImapDoor door, ImapFolder folder, Queue<IMessageSummary[]> batches, CleanJudge judge, List<FoundMail> found, Meter meter,
        CancellationToken ct)
    {
        while (true)
        {
            IMessageSummary[]? batch;
            lock (batches)
            {
                if (!batches.TryDequeue(out batch))
                {
                    return;
                }
            }

            var judged = new List<FoundMail>(batch.Length);
            await ReadBatchAsync(door, folder, batch, judge, judged, ct);
            meter.Add(batch.Length);
            lock (found)
            {
                found.AddRange(judged);
            }
        }
    }

    private async Task ReadBatchAsync(
        ImapDoor door, ImapFolder folder, IMessageSummary[] batch, CleanJudge judge, List<FoundMail> judged, CancellationToken ct)
    {
        var whole = batch.Where(m => m.Size <= Small).ToList();
        var large = batch.Where(m => m.Size > Small).ToDictionary(m => m.UniqueId);
        var partly = new List<IMessageSummary>();
        foreach (var (uid, header) in large.Count == 0 ? [] : await door.AskAsync(_ => HeadersAsync(folder, [.. large.Keys], ct), ct))
        {
            if (!large.Remove(uid, out var known))
            {
                throw door.Lie($"the server sent message {uid}, which was not requested");
            }

            if (!BounceClassifier.MayBeAutomatic(header))
            {
                judged.Add(Mail(known, Finding.Mail));
            }
            else
            {
                (known.Size <= MaxFetched ? whole : partly).Add(known);
            }
        }

        if (whole.Count > 0)
        {
            await ReadWholeAsync(door, folder, whole, judge, judged, ct);
        }

        foreach (var summary in partly)
        {
            var octets = await door.AskAsync(
                async _ =>
                {
                    await using var stream = await folder.GetStreamAsync(summary.UniqueId, 0, MaxFetched, ct);
                    return await OctetsAsync(stream, ct);
                },
                ct);
            judged.Add(Look(judge, summary, octets));
        }
    }

    private async Task ReadWholeAsync(
        ImapDoor door, ImapFolder folder, List<IMessageSummary> whole, CleanJudge judge, List<FoundMail> judged, CancellationToken ct)
    {
        var byId = whole.ToDictionary(m => m.UniqueId);
        UniqueId? stranger = null;
        await door.AskAsync(
            _ => folder.GetStreamsAsync(
                [.. byId.Keys],
                async (_, _, uid, stream, stop) =>
                {
                    var octets = await OctetsAsync(stream, stop);
                    if (byId.Remove(uid, out var summary))
                    {
                        ImapDoor.Own(() => judged.Add(Look(judge, summary, octets)));
                    }
                    else
                    {
                        stranger = uid;
                    }
                },
                ct),
            ct);
        if (stranger is { } wrong)
        {
            throw door.Lie($"the server sent message {wrong}, which was not requested");
        }
    }

    private static async Task<List<(UniqueId Uid, ReadOnlyMemory<byte> Header)>> HeadersAsync(
        ImapFolder folder, IList<UniqueId> uids, CancellationToken ct)
    {
        var headers = new List<(UniqueId, ReadOnlyMemory<byte>)>();
        foreach (
            var summary in (await folder.FetchAsync(
                uids, MessageSummaryItems.UniqueId | MessageSummaryItems.Headers, ct)).Where(s => s.Headers is not null))
        {
            using var header = new MemoryStream();
            await summary.Headers!.WriteToAsync(header, ct);
            headers.Add((summary.UniqueId, header.GetBuffer().AsMemory(0, (int)header.Length)));
        }

        return headers;
    }

    private static async Task<ReadOnlyMemory<byte>> OctetsAsync(Stream stream, CancellationToken ct)
    {
        using var message = new MemoryStream();
        await stream.CopyToAsync(message, ct);
        return message.GetBuffer().AsMemory(0, (int)message.Length);
    }

    private FoundMail Look(CleanJudge judge, IMessageSummary summary, ReadOnlyMemory<byte> octets)
    {
        var isMarked = (summary.Flags & (MessageFlags.Flagged | MessageFlags.Answered)) != 0;
        return Mail(summary, judge.Judge(octets, summary.InternalDate ?? DateTimeOffset.UnixEpoch, isMarked));
    }

    private FoundMail Mail(IMessageSummary summary, Finding finding)
    {
        var received = summary.InternalDate ?? DateTimeOffset.UnixEpoch;
        return new(_folder.FullName, received, finding)
        {
            Order = summary.UniqueId.Id,
            OnServer = new(
                summary.UniqueId.Id, summary.Size ?? 0, received.ToUnixTimeSeconds(),
                ImapFlags.Format(summary.Flags ?? MessageFlags.None)),
        };
    }
}
