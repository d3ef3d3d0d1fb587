using Backstop.Clean;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace Backstop.Imap;

/// <summary>Reads the headers of a Sent folder over IMAP. Never changes anything: the folder is opened read-only and peeked at.</summary>
internal sealed class ImapSent : IDisposable
{
    private const int Batch = 500;

    private readonly ImapClient _client;
    private readonly IMailFolder _folder;

    private ImapSent(ImapClient client, IMailFolder folder)
    {
        _client = client;
        _folder = folder;
    }

    /// <summary>The folder's name on the server.</summary>
    public string FolderName => _folder.FullName;

    /// <summary>Connects, logs in and opens the folder.</summary>
    /// <param name="address">Where.</param>
    /// <param name="caFile">A PEM file with the certificates to trust beside the system's, or null.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<ImapSent> OpenAsync(ImapAddress address, string? caFile, CancellationToken ct)
    {
        var client = await ImapConnection.OpenAsync(address, caFile, ct);
        try
        {
            var folder = address.Folder.Length > 0 ? await client.GetFolderAsync(address.Folder, ct) : await FindAsync(client, ct) ?? throw await NoSentAsync(client, ct);
            await folder.OpenAsync(FolderAccess.ReadOnly, ct);
            return new(client, folder);
        }
        catch (Exception error)
        {
            client.Dispose();
            throw ImapConnection.Translate(error, address);
        }
    }

    /// <summary>The server's folder of sent mail: which RFC 6154 says it is, else by the names that mail programs give it; or null.</summary>
    /// <param name="client">Logged in.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<IMailFolder?> FindAsync(ImapClient client, CancellationToken ct) =>
        client.Capabilities.HasFlag(ImapCapabilities.SpecialUse) && client.GetFolder(SpecialFolder.Sent) is { } special
            ? special
            : (await FoldersAsync(client, ct)).FirstOrDefault(f => FolderNames.IsSent(f.Name));

    /// <summary>The headers of what came since a mark, in batches; each batch with the mark behind it.</summary>
    /// <param name="mark">What an earlier run gave, or null for all.</param>
    /// <param name="ct">Ends it.</param>
    public async IAsyncEnumerable<(IReadOnlyList<byte[]> Headers, string Mark)> ReadAsync(string? mark, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        // RFC 3501 §2.3.1.1: another UIDVALIDITY, and all numbers mean something else.
        var validity = _folder.UidValidity;
        var last = mark?.Split(' ') is [var v, var u] && v == $"{validity}" && uint.TryParse(u, out var seen) ? seen : 0;
        var all = new UniqueIdRange(validity, Math.Min(last, uint.MaxValue - 1) + 1, uint.MaxValue);
        var ids = (await _folder.SearchAsync(SearchQuery.Uids(all), ct)).Where(i => i.Id > last).OrderBy(i => i.Id).ToList();
        var request = new FetchRequest(MessageSummaryItems.UniqueId, ["Message-ID", "From", "To", "Cc", "Bcc", "Date"]);
        foreach (var batch in ids.Chunk(Batch))
        {
            var headers = new List<byte[]>();
            foreach (var summary in await _folder.FetchAsync(batch, request, ct))
            {
                using var header = new MemoryStream();
                await summary.Headers!.WriteToAsync(header, ct);
                headers.Add(header.ToArray());
            }

            yield return (headers, $"{validity} {batch[^1].Id}");
        }
    }

    public void Dispose() => _client.Dispose();

    private static async Task<List<IMailFolder>> FoldersAsync(ImapClient client, CancellationToken ct)
    {
        var folders = new List<IMailFolder>();
        foreach (var space in client.PersonalNamespaces)
        {
            folders.AddRange(await client.GetFoldersAsync(space, cancellationToken: ct));
        }

        return folders;
    }

    private static async Task<CommandException> NoSentAsync(ImapClient client, CancellationToken ct) => new(
        ExitCode.NoInput,
        $"no Sent folder found; name it: imaps://user@host/FOLDER. There are: {string.Join(", ", (await FoldersAsync(client, ct)).Select(f => f.FullName).Take(20))}");
}
