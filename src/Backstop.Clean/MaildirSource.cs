using System.Globalization;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;
using Backstop.Posix;

namespace Backstop.Clean;

/// <summary>A Maildir and its folders.</summary>
/// <param name="path">The Maildir, or one folder of it.</param>
/// <param name="targets">Folders that this run or an earlier one moves backscatter to. They are not read.</param>
/// <param name="isInboxOnly">Whether the other folders of the Maildir are left alone.</param>
internal sealed class MaildirSource(string path, IReadOnlySet<string> targets, bool isInboxOnly) : IMailSource
{
    private readonly MaildirTree _tree = MaildirTree.Open(path);
    private string? _notRead;
    private int _countNotRead;

    public string Name => _tree.Root;

    public string Format => "maildir";

    public string? Remark => _countNotRead switch
    {
        0 => null,
        1 => $"{_notRead}: not a regular file but a link, FIFO or device; left alone",
        _ => string.Create(
            CultureInfo.InvariantCulture,
            $"{_notRead} and {_countNotRead - 1:N0} more: not regular files but links, FIFOs or devices; left alone"),
    };

    public Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct) => Task.FromResult(SentFolders.Beside(path));

    public Task<IReadOnlyList<FoundMail>> SortAsync(CleanJudge judge, Meter meter, CancellationToken ct)
    {
        var files = Folders().SelectMany(_tree.Files).Select((f, i) => (File: f, Order: i)).ToList();
        meter.Begin("reading", files.Count);
        (_notRead, _countNotRead) = (null, 0);
        var found = OnAllCores.Run(
            files,
            f =>
            {
                // A symbolic link is not followed: its target was not delivered to this folder, and moving the link
                // would not move it.
                var file = _tree.PathOf(f.File);
                var mail = MessageFile.Use(
                    file, followLinks: false, MessageFiles.MaxMessage, m => Look(judge, m, f.File, f.Order), out var opened);
                if (opened == OpenResult.NotRegular)
                {
                    Interlocked.Increment(ref _countNotRead);
                    _notRead = file;
                }

                meter.Add(1);
                return mail;
            },
            ct);
        found.Sort((a, b) => a.Order.CompareTo(b.Order));
        return Task.FromResult<IReadOnlyList<FoundMail>>(found);
    }

    public Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct)
    {
        var mover = new MaildirMover(run, _tree);
        var files = messages.Select(m => m.File).ToList();
        return Task.FromResult<int?>(target.IsDelete
            ? mover.Delete(files, () => meter.Add(1), ct)
            : mover.Move(files, _tree.DirectoryOf(target.Folder), () => meter.Add(1), ct));
    }

    // A rename happens as a whole or not at all, so nothing can be left half done.
    public Task FinishAsync(Run run, CancellationToken ct) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IEnumerable<MaildirFolderEntry> Folders() => _tree.Folders.Count == 1
        ? _tree.Folders
        : _tree.Folders.Where(f =>
        f.Directory.Length == 0 || !(
            isInboxOnly || targets.Contains(f.Name) || FolderNames.IsSent(f.Name) || FolderNames.IsPrivate(f.Name)));

    private FoundMail Look(CleanJudge judge, ReadOnlyMemory<byte> message, string file, int order)
    {
        var name = Path.GetFileName(file.AsSpan());
        var at = DateOf(name) ?? new DateTimeOffset(File.GetLastWriteTimeUtc(_tree.PathOf(file)));
        var isMarked = MaildirTree.Flags(name).ContainsAny('F', 'R');
        return new(_tree.Root, at, judge.Judge(message, at, isMarked)) { File = file, Order = order };
    }

    // By convention the name of a file in a Maildir begins with the time of delivery in seconds.
    private static DateTimeOffset? DateOf(ReadOnlySpan<char> name)
    {
        var dot = name.IndexOf('.');
        return dot is >= 9 and <= 10 && long.TryParse(name[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
    }
}
