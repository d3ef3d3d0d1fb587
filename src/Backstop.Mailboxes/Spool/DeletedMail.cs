using System.Globalization;
using System.Text.Json;
using Backstop.Posix;

namespace Backstop.Mailboxes.Spool;

/// <summary>Messages that somebody has deleted from the spool, kept for some days so that they can be restored.</summary>
/// <remarks>
/// Invariant: a message with a file here is deleted, even where the log still has it: the file is on the disk before the log is told,
/// and is removed only after the log has the message again.
/// </remarks>
/// <param name="spool">The spool's directory.</param>
internal sealed class DeletedMail(string spool)
{
    private const string Suffix = ".mail";
    private const string BodySuffix = ".body";

    // No log file has this number, so that no replay would take a file from here for a part of the log.
    private const long NoEpoch = 0;

    private readonly string _directory = Path.Combine(spool, "deleted");

    /// <summary>Whether a message is deleted.</summary>
    public bool Has(ulong id) => File.Exists(PathOf(id));

    /// <summary>Returns the deleted messages, one after the other, with the time at which each was deleted.</summary>
    public IEnumerable<(ulong Id, DateTimeOffset At)> All() => !Directory.Exists(_directory)
        ? []
        : Directory.EnumerateFiles(_directory, "*" + Suffix).Select(f => (Path: f, Id: IdOf(f))).Where(f => f.Id is not null)
            .Select(f => (f.Id!.Value, new DateTimeOffset(File.GetLastWriteTimeUtc(f.Path))));

    /// <summary>Keeps a message; it is on the disk at the end.</summary>
    /// <param name="id">The message's id.</param>
    /// <param name="content">The envelope and body of the message.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="IOException">It is not kept.</exception>
    public void Keep(ulong id, SpoolContent content, DateTimeOffset now)
    {
        Folders.Make(_directory);
        if (content.LargeFile is not null)
        {
            _ = Libc.Remove(BodyOf(id));
            Libc.ThrowIf(Libc.MakeLink(content.LargeFile, BodyOf(id)), BodyOf(id));
        }

        var head = JsonSerializer.SerializeToUtf8Bytes(content.Envelope, SpoolJson.Default.SpoolEnvelope);
        var temporary = PathOf(id) + ".new";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            var frame = SpoolRecord.Frame(RecordKind.Message, NoEpoch, id, head, content.Body.Span);
            RandomAccess.Write(file, [frame, head, content.Body], 0);
            File.SetLastWriteTimeUtc(file, now.UtcDateTime);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, PathOf(id), overwrite: true);
        Folders.Sync(_directory);
    }

    /// <summary>Reads a deleted message; null where there is none.</summary>
    /// <exception cref="IOException">Its file is damaged.</exception>
    public SpoolContent? Read(ulong id)
    {
        if (!Has(id))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(PathOf(id));
        if (SpoolRecord.TryRead(bytes, NoEpoch) is not { } record || record.Id != id)
        {
            throw new IOException($"{PathOf(id)} is damaged; what can be read of the message is in that file");
        }

        var envelope = JsonSerializer.Deserialize(record.Head(bytes), SpoolJson.Default.SpoolEnvelope)!;
        return new(
            envelope, bytes.AsMemory(SpoolRecord.FrameLength + record.HeadLength, record.BodyLength),
            envelope.LargeFile is null ? null : BodyOf(id));
    }

    /// <summary>Removes a message for good, or because it is in the log again.</summary>
    public void Forget(ulong id)
    {
        File.Delete(PathOf(id));
        File.Delete(BodyOf(id));
        Folders.Sync(_directory);
    }

    /// <summary>Removes for good what was deleted before a time; returns how many messages.</summary>
    public int Forget(DateTimeOffset before)
    {
        var old = All().Where(d => d.At < before).Select(d => d.Id).ToList();
        old.ForEach(Forget);
        return old.Count;
    }

    private static ulong? IdOf(string path) => ulong.TryParse(
        Path.GetFileNameWithoutExtension(path), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
        ? id
        : null;

    private string PathOf(ulong id) => NameOf(id, Suffix);

    private string BodyOf(ulong id) => NameOf(id, BodySuffix);

    private string NameOf(ulong id, string suffix) =>
        Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{id:x16}{suffix}"));
}
