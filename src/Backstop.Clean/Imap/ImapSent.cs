using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace Backstop.Clean.Imap;

/// <summary>
/// Reads the headers of a Sent folder over IMAP. Changes nothing: the folder is opened read-only, and no message is
/// marked as seen.
/// </summary>
internal sealed class ImapSent : IDisposable
{
    private const int Batch = 500;

    private readonly ImapDoor _door;
    private readonly IMailFolder _folder;

    private ImapSent(ImapDoor door, IMailFolder folder)
    {
        _door = door;
        _folder = folder;
    }

    /// <summary>The folder's name on the server.</summary>
    public string FolderName => _folder.FullName;

    /// <summary>Connects, logs in and opens the folder.</summary>
    /// <param name="address">The server, the user and the folder; without a folder, the server's Sent folder.</param>
    /// <param name="access">The password, and the certificates to trust.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<ImapSent> OpenAsync(ImapAddress address, ImapAccess access, TimeProvider time, CancellationToken ct)
    {
        var door = await ImapConnection.OpenAsync(address, access, time, ct);
        try
        {
            var folder = address.Folder.Length > 0
                ? await door.AskAsync(c => c.GetFolderAsync(address.Folder, ct), ct)
                : await FindAsync(door, ct) ?? throw await NoSentAsync(door, ct);
            await door.AskAsync(_ => folder.OpenAsync(FolderAccess.ReadOnly, ct), ct);
            return new(door, folder);
        }
        catch
        {
            door.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Finds the server's Sent folder: the one marked so by RFC 6154, else one with a usual name; null where there is
    /// none.
    /// </summary>
    /// <param name="door">A connection that is logged in.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<IMailFolder?> FindAsync(ImapDoor door, CancellationToken ct) =>
        door.Capabilities.HasFlag(ImapCapabilities.SpecialUse)
            && await door.AskAsync(c => Task.FromResult(c.GetFolder(SpecialFolder.Sent)), ct) is { } special
            ? special
            : (await FoldersAsync(door, ct)).FirstOrDefault(f => FolderNames.IsSent(f.Name));

    /// <summary>
    /// Reads the headers of messages that are newer than a mark, in batches. Each batch comes with the mark to continue
    /// after it.
    /// </summary>
    /// <param name="mark">The mark that an earlier reading ended with; null to read all.</param>
    /// <param name="ct">Stops the work.</param>
    public async IAsyncEnumerable<(IReadOnlyList<byte[]> Headers, string Mark)> ReadAsync(
        string? mark, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        // RFC 3501 §2.3.1.1: where UIDVALIDITY has changed, the old numbers name other messages.
        var validity = _folder.UidValidity;
        var last = mark?.Split(' ') is [var v, var u] && v == $"{validity}" && uint.TryParse(u, out var seen) ? seen : 0;
        var all = new UniqueIdRange(validity, Math.Min(last, uint.MaxValue - 1) + 1, uint.MaxValue);
        var found = await _door.AskAsync(_ => _folder.SearchAsync(SearchQuery.Uids(all), ct), ct);
        var ids = _door.Bounded(found).Where(i => i.Id > last).OrderBy(i => i.Id).ToList();
        var request = new FetchRequest(MessageSummaryItems.UniqueId, ["Message-ID", "From", "To", "Cc", "Bcc", "Date"]);
        foreach (var batch in ids.Chunk(Batch))
        {
            var headers = await _door.AskAsync(_ => HeadersAsync(batch, request, ct), ct);
            yield return (headers, $"{validity} {batch[^1].Id}");
        }
    }

    public void Dispose() => _door.Dispose();

    // A message without the fields that were asked for proves nothing and is left out.
    private async Task<List<byte[]>> HeadersAsync(UniqueId[] batch, FetchRequest request, CancellationToken ct)
    {
        var headers = new List<byte[]>();
        foreach (var fields in (await _folder.FetchAsync(batch, request, ct)).Select(s => s.Headers).OfType<MimeKit.HeaderList>())
        {
            using var header = new MemoryStream();
            await fields.WriteToAsync(header, ct);
            headers.Add(header.ToArray());
        }

        return headers;
    }

    private static Task<List<IMailFolder>> FoldersAsync(ImapDoor door, CancellationToken ct) => door.AskAsync(
        async client =>
        {
            var folders = new List<IMailFolder>();
            foreach (var space in client.PersonalNamespaces)
            {
                folders.AddRange(await client.GetFoldersAsync(space, cancellationToken: ct));
            }

            return folders;
        },
        ct);

    private static async Task<CleanException> NoSentAsync(ImapDoor door, CancellationToken ct) => new(
        CleanFailure.NoInput,
        $"no Sent folder found; name it: imaps://USER@HOST/FOLDER. Folders on this server: "
            + $"{string.Join(", ", (await FoldersAsync(door, ct)).Select(f => f.FullName).Take(20))}");
}
