using System.Text.Json;

namespace Backstop.Setup;

/// <summary>
/// Adds a milter to a Postfix configuration, and removes it. Existing settings stay: other milters come first, and
/// values that were changed later are kept.
/// </summary>
internal sealed class PostfixSetup(PostfixTools tools)
{
    private const string StateName = "backstop-setup.json";
    private static readonly string[] _files = ["main.cf", "master.cf"];

    private string State => Path.Combine(tools.Folder, StateName);

    /// <summary>Whether Postfix delivers <c>user+detail</c> to <c>user</c>.</summary>
    public async Task<bool> HasDetailAsync(CancellationToken ct) =>
        (await tools.ExpandedAsync("recipient_delimiter", ct)).Contains('+', StringComparison.Ordinal);

    /// <summary>
    /// Writes the changes. Copies main.cf and master.cf first, and records the old values. If Postfix rejects the changes, both files
    /// are restored.
    /// </summary>
    public async Task ApplyAsync(IReadOnlyList<PostfixChange> changes, CancellationToken ct)
    {
        var noted = Noted();
        var before = _files.ToDictionary(f => f, f => File.ReadAllBytes(Path.Combine(tools.Folder, f)), StringComparer.Ordinal);
        foreach (var name in noted.Count == 0 ? _files : [])
        {
            // Not copied again once our lines are in the files: the copies show what was before.
            File.Copy(Path.Combine(tools.Folder, name), Path.Combine(tools.Folder, name + ".before-backstop"), overwrite: true);
        }

        // Recorded before anything is changed, together with the changes of an earlier run.
        await NoteAsync([.. noted.Where(n => !changes.Any(c => c.Name == n.Name)), .. changes.Select(c => Merged(c, noted))], ct);
        try
        {
            foreach (var change in changes)
            {
                await tools.SetAsync(change, change.New, ct);
            }

            await tools.ReloadAsync(ct);
        }
        catch (Exception error)
        {
            foreach (var (name, content) in before)
            {
                await File.WriteAllBytesAsync(Path.Combine(tools.Folder, name), content, CancellationToken.None);
            }

            await NoteAsync(noted, CancellationToken.None);
            throw error is CommandException known
                ? new CommandException(known.ExitCode, $"{known.Message}\n{tools.Folder}: main.cf and master.cf are as they were")
                : error;
        }
    }

    /// <summary>Removes what was added. Where somebody has changed the value since, the rest of it is kept.</summary>
    /// <returns>What was removed, one line for each setting.</returns>
    public async Task<IReadOnlyList<string>> UndoAsync(CancellationToken ct)
    {
        var done = new List<string>();
        foreach (var change in Noted())
        {
            var now = await tools.SetValueAsync(change.Name, ct);
            var rest = now == change.New ? change.Old : Without(now, change);
            if (now is null || rest == now)
            {
                continue;
            }

            await (rest is null ? tools.RemoveAsync(change, ct) : tools.SetAsync(change, rest, ct));
            done.Add(rest is null ? $"{change.Name} (removed)" : $"{change.Name} = {rest}");
        }

        File.Delete(State);
        await tools.ReloadAsync(ct);
        return done;
    }

    // What was before Backstop stays what is put back, also where a later run has added to the same setting.
    private static PostfixChange Merged(PostfixChange change, IReadOnlyList<PostfixChange> noted) =>
        noted.FirstOrDefault(n => n.Name == change.Name && n.New == change.Old) is { } first ? change with { Old = first.Old } : change;

    private Task NoteAsync(IReadOnlyList<PostfixChange> changes, CancellationToken ct)
    {
        if (changes.Count > 0)
        {
            var text = JsonSerializer.Serialize(changes, SetupJson.Default.IReadOnlyListPostfixChange) + "\n";
            return File.WriteAllTextAsync(State, text, ct);
        }

        File.Delete(State);
        return Task.CompletedTask;
    }

    private IReadOnlyList<PostfixChange> Noted() =>
        File.Exists(State) ? JsonSerializer.Deserialize(File.ReadAllText(State), SetupJson.Default.IReadOnlyListPostfixChange) ?? [] : [];

    // The list without our element, whatever has become of its options; null where nothing else is in it.
    private static string? Without(string? list, PostfixChange change)
    {
        var all = PostfixList.Split(list);
        var others = all.Where(e => !PostfixList.IsSame(e, change.Element)).ToList();
        return others.Count == all.Count ? list
            : others.Count == 0 ? null
            : change.IsService ? string.Join(',', others.Select(PostfixList.Compact))
            : string.Join(", ", others);
    }
}
