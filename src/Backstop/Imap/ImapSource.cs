using Backstop.Backscatter.Bounces;
using Backstop.Clean;
using Backstop.Mailboxes.Runs;
using MailKit;
using MailKit.Net.Imap;

namespace Backstop.Imap;

/// <summary>A folder on an IMAP server. Headers first: of mail from people nothing more is fetched.</summary>
internal sealed class ImapSource : IMailSource
{
    // Servers allow a user ten connections or so, and he has programs of his own.
    private const int Connections = 3;
    private const int Batch = 200;

    // Below this the whole message costs no more than its header.
    private const int Small = 16 * 1024;
    private const int MaxFetched = 256 * 1024;

    private readonly ImapAddress _address;
    private readonly CleanOptions _options;
    private readonly TimeProvider _time;
    private readonly ImapClient _client;
    private readonly ImapFolder _folder;

    private ImapSource(ImapAddress address, CleanOptions options, TimeProvider time, ImapClient client, ImapFolder folder)
    {
        _address = address with { Folder = folder.FullName };
        _options = options;
        _time = time;
        _client = client;
        _folder = folder;
    }

    public string Name => _address.ToUri();

    public string Format => "imap";

    /// <summary>Connects, logs in and finds the folder; INBOX where none is named.</summary>
    public static async Task<ImapSource> OpenAsync(ImapAddress address, CleanOptions options, TimeProvider time, CancellationToken ct)
    {
        var client = await ImapConnection.OpenAsync(address, options.Ca, ct);
        try
        {
            var folder = address.Folder.Length > 0 ? await client.GetFolderAsync(address.Folder, ct) : client.Inbox!;
            return new(address, options, time, client, (ImapFolder)folder);
        }
        catch (Exception error)
        {
            client.Dispose();
            throw ImapConnection.Translate(error, address);
        }
    }

    public async Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct) =>
        await ImapSent.FindAsync(_client, ct) is { } sent ? [(_address with { Folder = sent.FullName }).ToUri()] : [];

    public async Task<IReadOnlyList<FoundMail>> ScanAsync(CleanJudge judge, Meter meter, CancellationToken ct)
    {
        try
        {
            return await ReadAllAsync(judge, meter, ct);
        }
        catch (Exception error) when (ImapConnection.IsOfServer(error))
        {
            throw ImapConnection.Translate(error, _address);
        }
    }

    public async Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct)
    {
        var mover = new ImapMover(run, _address, _options, _time);
        return await mover.MoveAsync([.. messages.Select(m => m.OnServer)], _folder.UidValidity, target, meter, ct);
    }

    public async Task FinishAsync(Run run, CancellationToken ct)
    {
        try
        {
            await ImapFinish.RunAsync(run, _client, ct);
        }
        catch (Exception error) when (ImapConnection.IsOfServer(error))
        {
            throw ImapConnection.Translate(error, _address);
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<IReadOnlyList<FoundMail>> ReadAllAsync(CleanJudge judge, Meter meter, CancellationToken ct)
    {
        await _folder.OpenAsync(FolderAccess.ReadOnly, ct);
        var all = _folder.Count == 0
            ? []
            : await _folder.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size, ct);
        meter.Begin("reading", all.Count);

        // A few connections side by side; a server that allows fewer gets fewer.
        var batches = new Queue<IMessageSummary[]>(all.Chunk(Batch));
        var found = new List<FoundMail>(all.Count);
        var others = new List<Task>();
        for (var i = 1; i < Connections && batches.Count > i; i++)
        {
            others.Add(ReadOnAnotherAsync(batches, judge, found, meter, ct));
        }

        await ReadAsync(_folder, batches, judge, found, meter, ct);
        await Task.WhenAll(others);
        found.Sort((a, b) => a.Order.CompareTo(b.Order));
        return found;
    }

    private async Task ReadOnAnotherAsync(Queue<IMessageSummary[]> batches, CleanJudge judge, List<FoundMail> found, Meter meter, CancellationToken ct)
    {
        ImapClient client;
        try
        {
            client = await ImapConnection.OpenAsync(_address, _options.Ca, ct);
        }
        catch (CommandException)
        {
            // One connection works: the folder is read over it alone.
            return;
        }

        using (client)
        {
            var folder = (ImapFolder)await client.GetFolderAsync(_folder.FullName, ct);
            await folder.OpenAsync(FolderAccess.ReadOnly, ct);
            await ReadAsync(folder, batches, judge, found, meter, ct);
        }
    }

    private async Task ReadAsync(ImapFolder folder, Queue<IMessageSummary[]> batches, CleanJudge judge, List<FoundMail> found, Meter meter, CancellationToken ct)
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
            await ReadBatchAsync(folder, batch, judge, judged, ct);
            meter.Add(batch.Length);
            lock (found)
            {
                found.AddRange(judged);
            }
        }
    }

    private async Task ReadBatchAsync(ImapFolder folder, IMessageSummary[] batch, CleanJudge judge, List<FoundMail> judged, CancellationToken ct)
    {
        var whole = batch.Where(m => m.Size <= Small).ToList();
        var large = batch.Where(m => m.Size > Small).ToDictionary(m => m.UniqueId);
        var partly = new List<IMessageSummary>();
        if (large.Count > 0)
        {
            foreach (var summary in await folder.FetchAsync([.. large.Keys], MessageSummaryItems.UniqueId | MessageSummaryItems.Headers, ct))
            {
                using var header = new MemoryStream();
                await summary.Headers!.WriteToAsync(header, ct);
                var known = large[summary.UniqueId];
                if (!BounceClassifier.MayBeAutomatic(header.GetBuffer().AsMemory(0, (int)header.Length)))
                {
                    judged.Add(Mail(known, Judgement.Mail));
                }
                else
                {
                    (known.Size <= MaxFetched ? whole : partly).Add(known);
                }
            }
        }

        if (whole.Count > 0)
        {
            var byId = whole.ToDictionary(m => m.UniqueId);
            await folder.GetStreamsAsync([.. byId.Keys], async (_, _, uid, stream, stop) => judged.Add(await LookAsync(judge, byId[uid], stream, stop)), ct);
        }

        foreach (var summary in partly)
        {
            await using var stream = await folder.GetStreamAsync(summary.UniqueId, 0, MaxFetched, ct);
            judged.Add(await LookAsync(judge, summary, stream, ct));
        }
    }

    private async Task<FoundMail> LookAsync(CleanJudge judge, IMessageSummary summary, Stream stream, CancellationToken ct)
    {
        using var message = new MemoryStream();
        await stream.CopyToAsync(message, ct);
        var isMarked = (summary.Flags & (MessageFlags.Flagged | MessageFlags.Answered)) != 0;
        return Mail(summary, judge.Judge(message.GetBuffer().AsMemory(0, (int)message.Length), summary.InternalDate ?? DateTimeOffset.UnixEpoch, isMarked));
    }

    private FoundMail Mail(IMessageSummary summary, Judgement judgement)
    {
        var received = summary.InternalDate ?? DateTimeOffset.UnixEpoch;
        return new(_folder.FullName, received, judgement)
        {
            Order = summary.UniqueId.Id,
            OnServer = new(summary.UniqueId.Id, summary.Size ?? 0, received.ToUnixTimeSeconds(), ImapFlags.Format(summary.Flags ?? MessageFlags.None)),
        };
    }
}
