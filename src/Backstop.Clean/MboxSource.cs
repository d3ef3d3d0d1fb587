using System.Globalization;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.Mailboxes.Runs;
using Backstop.Posix;

namespace Backstop.Clean;

/// <summary>An mbox file.</summary>
internal sealed class MboxSource(string path, TimeProvider time) : IMailSource
{
    private readonly string _path = Path.GetFullPath(path);

    public string Name => _path;

    public string Format => "mbox";

    public Task<IReadOnlyList<string>> FindSentAsync(CancellationToken ct) => Task.FromResult(SentFolders.Beside(_path));

    public Task<IReadOnlyList<FoundMail>> SortAsync(CleanJudge judge, Meter meter, CancellationToken ct)
    {
        using var file = RegularFile.Open(_path, followLinks: true);
        meter.Begin("reading", RandomAccess.GetLength(file), isOctets: true);
        var found = OnAllCores.Run(
            MboxReader.Read(file, MessageFiles.MaxMessage).Select((m, i) => (Message: m, Number: i + 1)),
            m =>
            {
                meter.Add(m.Message.Length);
                return Look(judge, m.Message, m.Number);
            },
            ct);
        found.Sort((a, b) => a.Order.CompareTo(b.Order));
        return Task.FromResult<IReadOnlyList<FoundMail>>(found);
    }

    public async Task<int?> MoveAsync(Run run, IReadOnlyList<FoundMail> messages, CleanTarget target, Meter meter, CancellationToken ct)
    {
        var mover = new MboxMover(run, time);
        if (!await mover.MoveAsync(
            _path, [.. messages.Select(m => m.Cut)], target.IsDelete ? null : MboxMover.FileOf(_path, target.Folder), ct))
        {
            return null;
        }

        meter.Add(messages.Count);
        return messages.Count;
    }

    public Task FinishAsync(Run run, CancellationToken ct) => new MboxUndo(run, time).FinishAsync(ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private FoundMail Look(CleanJudge judge, MboxMessage message, int number)
    {
        var content = message.Content();
        var at = MboxDate.Read(message.Separator) ?? new DateTimeOffset(File.GetLastWriteTimeUtc(_path));
        var finding = judge.Judge(content, at, isMarked: false);
        if (finding.Pile == Pile.Backscatter && IsMarked(content.Span))
        {
            finding = judge.Judge(content, at, isMarked: true);
        }

        var cut = new MboxCut(message.Offset, message.Length, finding.Pile >= Pile.Unsure ? MboxKey.Of(message.Raw.Span) : 0);
        return new(_path, at, finding) { Cut = cut, Order = number };
    }

    // mbox programs write X-Status (F flagged, A answered), Thunderbird X-Mozilla-Status (2 answered, 4 flagged).
    private static bool IsMarked(ReadOnlySpan<byte> message)
    {
        var fields = new List<HeaderField>();
        HeaderScan.Scan(message, fields);
        return fields.Text(message, "X-Status"u8)?.AsSpan().ContainsAny('F', 'A') == true
            || (HexOf(fields.Text(message, "X-Mozilla-Status"u8)) & 6) != 0;
    }

    private static int HexOf(string? text)
    {
        _ = int.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits);
        return bits;
    }
}
