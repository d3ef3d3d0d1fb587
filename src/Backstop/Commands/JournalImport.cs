using System.Globalization;
using Backstop.Clean.Imap;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.State;

namespace Backstop.Commands;

/// <summary>
/// <c>journal import</c>: reads Sent folders from disk or over IMAP. What was read is marked, so that the next run reads only what
/// is new.
/// </summary>
/// <param name="journal">Receives it.</param>
/// <param name="inputs">Goes on where a message cannot be read.</param>
/// <param name="all">Read everything again.</param>
/// <param name="access">How a server is reached.</param>
/// <param name="time">The clock.</param>
internal sealed class JournalImport(SentJournal journal, Inputs inputs, bool all, ImapAccess access, TimeProvider time)
{
    // A file may change in the second that we look.
    private static readonly TimeSpan _overlap = TimeSpan.FromSeconds(2);

    public async Task RunAsync(string source, CancellationToken ct)
    {
        var failed = inputs.Failed;
        var (isRest, seen, added) = ImapAddress.Is(source) ? await FromServerAsync(source, ct) : FromFiles(source);
        Console.WriteLine(
            $"{ShownText.Of(source)}: {seen} messages{(isRest ? " since the last import" : "")}, {added} "
                + $"new{(inputs.Failed > failed ? $", {inputs.Failed - failed} not read" : "")}");
    }

    /// <summary>What the journal keeps of a message; null where nobody says who sent it.</summary>
    public static SentMessage? ToSent(SentHeader header, DateTimeOffset now) =>
        header.From is null ? null : new(header.From, header.MessageId, header.Recipients, header.Date ?? now);

    private (bool IsRest, int Seen, int Added) FromFiles(string path)
    {
        if (!Path.Exists(path))
        {
            throw new CommandException(ExitCode.NoInput, $"{path}: no such file or folder");
        }

        var name = "files " + Path.GetFullPath(path);
        var started = time.GetUtcNow();
        DateTimeOffset? since = !all && long.TryParse(journal.ImportMark(name), CultureInfo.InvariantCulture, out var mark)
            ? DateTimeOffset.FromUnixTimeSeconds(mark)
            : null;
        var (seen, failed) = (0, inputs.Failed);
        var messages = inputs.Read(inputs.Read([path], MessageFiles.List), f => MessageFiles.ReadChanged(f, since));
        var headers = messages.Select(m => SentHeader.Read(m.Bytes.Span));
        var added = journal.Add(headers.Select(h => { seen++; return ToSent(h, started); }).OfType<SentMessage>());
        if (inputs.Failed == failed)
        {
            // Where one could not be read the next import reads them all again: that one may have been the last.
            journal.SetImportMark(name, $"{(started - _overlap).ToUnixTimeSeconds()}");
        }

        return (since is not null, seen, added);
    }

    private async Task<(bool IsRest, int Seen, int Added)> FromServerAsync(string source, CancellationToken ct)
    {
        // Where the connection ends midway, what was read is kept and marked; the next import goes on from there.
        var address = ImapAddress.Parse(source);
        using var folder = await ImapSent.OpenAsync(address, access, time, ct);
        var name = $"imap {address.User}@{address.Host}:{address.Port}/{folder.FolderName}";
        var last = all ? null : journal.ImportMark(name);
        var seen = 0;
        var added = 0;
        await foreach (var (headers, mark) in folder.ReadAsync(last, ct))
        {
            // Marked batch by batch: an import that is cut off goes on where it was.
            added += journal.Add(headers.Select(h => ToSent(SentHeader.Read(h), time.GetUtcNow())).OfType<SentMessage>());
            journal.SetImportMark(name, mark);
            seen += headers.Count;
            if (!Console.IsErrorRedirected)
            {
                await Console.Error.WriteAsync($"\r{seen} read ");
            }
        }

        return (last is not null, seen, added);
    }
}
