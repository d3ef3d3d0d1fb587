using System.Text;

namespace Backstop.StormGenerator;

/// <summary>Finds the generated messages in the victim's Maildir.</summary>
internal sealed class FolderCheck(string maildir, string run)
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the expected number of messages is there, or none has arrived for five seconds.</summary>
    public async Task<StormFolders?> WaitAsync(int expected, TimeProvider time, CancellationToken ct)
    {
        if (!Directory.Exists(maildir))
        {
            return null;
        }

        var last = -1;
        for (var quiet = 0; quiet < 50; quiet++)
        {
            var count = Directory.EnumerateFiles(maildir, "*", SearchOption.AllDirectories).Count(IsMessage);
            quiet = count == last ? quiet : 0;
            last = count;
            var found = count >= expected ? Look() : null;
            if (found is not null && found.Inbox.Count + found.Others.Count >= expected)
            {
                return found;
            }

            await Task.Delay(_poll, time, ct);
        }

        return Look();
    }

    private StormFolders Look()
    {
        var inbox = new HashSet<string>(StringComparer.Ordinal);
        var others = new HashSet<string>(StringComparer.Ordinal);
        var duplicates = 0;
        foreach (var file in Directory.EnumerateFiles(maildir, "*", SearchOption.AllDirectories).Where(IsMessage))
        {
            var folder = Path.GetDirectoryName(Path.GetDirectoryName(file))!;
            if (IdOf(file) is { } id && id.StartsWith(run + "-", StringComparison.Ordinal))
            {
                duplicates += (folder == maildir ? inbox : others).Add(id) ? 0 : 1;
            }
        }

        return new(inbox, others, duplicates + inbox.Count(others.Contains));
    }

    private static bool IsMessage(string file) => Path.GetFileName(Path.GetDirectoryName(file)) is "new" or "cur";

    private static string? IdOf(string file)
    {
        const string field = "\nX-Storm-Id: ";
        var buffer = new byte[2048];
        using var handle = File.OpenHandle(file);
        var text = Encoding.Latin1.GetString(buffer, 0, RandomAccess.Read(handle, buffer, 0));
        var at = text.IndexOf(field, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var start = at + field.Length;
        var end = text.IndexOf('\n', start);
        return end < 0 ? null : text[start..end].Trim();
    }
}
