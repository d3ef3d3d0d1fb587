using System.Globalization;
using Backstop.Clean.Imap;
using Backstop.Mail;
using Backstop.Mailboxes.Reading;
using Backstop.State;

namespace Backstop.Commands;

/// <summary>
/// <c>journal import</c>: reads Sent folders from disk or over IMAP. It keeps a mark of how far it has read, so that
/// the next import reads only new messages.
/// </summary>
/// <param name="journal">Receives the sent mail.</param>
/// <param name="inputs">Reports messages that cannot be read.</param>
/// <param name="all">Whether everything is read again.</param>
/// <param name="access">What is needed to reach an IMAP server.</param>
/// <param name="time">The clock.</param>
internal sealed class JournalImport(SentJournal journal, Inputs inputs, bool all, ImapAccess access, TimeProvider time)
{
    // A file may change in the same second in which it is read.
    private static readonly TimeSpan _overlap = TimeSpan.FromSeconds(2);

    public async Task RunAsync(string source, CancellationToken ct)
    {
        var failed = inputs.Failed;
        var (isRest, seen, added) = ImapAddress.Is(source) ? await FromServerAsync(source, ct) : FromFiles(source);
        Console.WriteLine(
            $"{ShownText.Of(source)}: {seen} messages{(isRest ? " since the last import" : "")}, {added} "
                + $"new{(inputs.Failed > failed ? $", {inputs.Failed - failed} not read" : "")}");
    }

    /// <summary>Returns what the journal keeps of a message; null where its sender is not known.</summary>
    public static SentMessage? ToSent(SentHeader header, DateTimeOffset now) =>
        header.From is null
            ? null
            : new(header.From, header.MessageId, header.Recipients, header.Date ?? now, Digest: header.Digest);

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
            // Where a message could not be read, no mark is set, and the next import reads the folder again: the file
            // may be readable then.
            journal.SetImportMark(name, $"{(started - _overlap).ToUnixTimeSeconds()}");
        }

        return (since is not null, seen, added);
    }

    private async Task<(bool IsRest, int Seen, int Added)> FromServerAsync(string source, CancellationToken ct)
    {
        // Where the connection breaks, what was read is kept and marked, and the next import continues from there.
        var address = ImapAddress.Parse(source);
        using var folder = await ImapSent.OpenAsync(address, access, time, ct);
        var name = $"imap {address.User}@{address.Host}:{address.Port}/{folder.FolderName}";
        var last = all ? null : journal.ImportMark(name);
        var seen = 0;
        var added = 0;
        await foreach (var (headers, mark) in folder.ReadAsync(last, ct))
        {
            // Marked after each batch, so that an interrupted import continues where it was.
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
