using System.Globalization;
using System.Text.Json;

namespace Backstop.Setup;

/// <summary>
/// Adds a milter to a Postfix configuration, and removes it. Existing settings stay: other milters come first, and
/// values that were changed later are kept.
/// </summary>
internal sealed class PostfixSetup(string folder)
{
    private const string StateName = "backstop-setup.json";
    private static readonly string[] _submission = ["submission/inet", "submissions/inet", "smtps/inet"];

    private string State => Path.Combine(folder, StateName);

    /// <summary>Returns the domains that Postfix receives mail for.</summary>
    public async Task<IReadOnlyList<string>> DomainsAsync(CancellationToken ct)
    {
        var names = string.Join(
            ',', await ValueAsync("mydestination", ct), await ValueAsync("virtual_mailbox_domains", ct),
            await ValueAsync("virtual_alias_domains", ct));
        return [.. names.Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Where(n => n.Contains('.', StringComparison.Ordinal) && !n.AsSpan().ContainsAny(':', '/')
                && !n.Contains("localhost", StringComparison.Ordinal))
            .Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Whether Postfix delivers <c>user+detail</c> to <c>user</c>.</summary>
    public async Task<bool> HasDetailAsync(CancellationToken ct) =>
        (await ValueAsync("recipient_delimiter", ct)).Contains('+', StringComparison.Ordinal);

    /// <summary>Returns the changes that are missing in the configuration.</summary>
    public async Task<IReadOnlyList<PostfixChange>> PlanAsync(CancellationToken ct)
    {
        var milter = string.Create(CultureInfo.InvariantCulture, $"inet:127.0.0.1:{SetupPorts.Milter}");
        var changes = new List<PostfixChange?>
        {
            await AppendAsync("smtpd_milters", milter, "Backstop decides at RCPT and at the end of each message", ct),
            await AppendAsync("non_smtpd_milters", milter, "mail of local programs is signed", ct),
        };
        if (!await HasDetailAsync(ct))
        {
            var table = string.Create(CultureInfo.InvariantCulture, $"socketmap:inet:127.0.0.1:{SetupPorts.Table}:untag");
            changes.Add(await AppendAsync("recipient_canonical_maps", table, "bounces to a signed address reach their mailbox", ct));
        }

        foreach (var service in _submission)
        {
            if ((await SetupProgram.RunAsync("postconf", ["-c", folder, "-M", service], ct)).Output.Length > 0)
            {
                changes.Add(await SetAsync(
                    service + "/milter_macro_daemon_name", "ORIGINATING", "mail that arrives here is ours, and is signed", ct));
            }
        }

        return [.. changes.OfType<PostfixChange>()];
    }

    /// <summary>Writes the changes. Copies main.cf and master.cf first, and records the old values.</summary>
    public async Task ApplyAsync(IReadOnlyList<PostfixChange> changes, CancellationToken ct)
    {
        foreach (var name in new[] { "main.cf", "master.cf" })
        {
            File.Copy(Path.Combine(folder, name), Path.Combine(folder, name + ".before-backstop"), overwrite: true);
        }

        // Recorded before anything is changed, together with the changes of an earlier run.
        var all = Noted().Where(n => !changes.Any(c => c.Name == n.Name)).Concat(changes).ToList();
        await File.WriteAllTextAsync(State, JsonSerializer.Serialize(all, SetupJson.Default.IReadOnlyListPostfixChange) + "\n", ct);
        foreach (var change in changes)
        {
            await SetupProgram.MustAsync("postconf", ["-c", folder, change.IsService ? "-P" : "-e", $"{change.Name}={change.New}"], ct);
        }

        await ReloadAsync(ct);
    }

    /// <summary>Removes what was added. Where somebody has changed the value since, the rest of it is kept.</summary>
    /// <returns>What was removed, one line for each setting.</returns>
    public async Task<IReadOnlyList<string>> UndoAsync(CancellationToken ct)
    {
        var done = new List<string>();
        foreach (var change in Noted())
        {
            var now = await SetValueAsync(change.Name, ct);
            var rest = now == change.New ? change.Old : Without(now, change.Element);
            if (now is null || rest == now)
            {
                continue;
            }

            var switches = change.IsService ? "-P" : "-e";
            await SetupProgram.MustAsync(
                "postconf",
                rest is null
                    ? ["-c", folder, change.IsService ? "-PX" : "-X", change.Name]
                    : ["-c", folder, switches, $"{change.Name}={rest}"],
                ct);
            done.Add(rest is null ? $"{change.Name} (removed)" : $"{change.Name} = {rest}");
        }

        File.Delete(State);
        await ReloadAsync(ct);
        return done;
    }

    private IReadOnlyList<PostfixChange> Noted() =>
        File.Exists(State) ? JsonSerializer.Deserialize(File.ReadAllText(State), SetupJson.Default.IReadOnlyListPostfixChange) ?? [] : [];

    private async Task<PostfixChange?> AppendAsync(string name, string element, string why, CancellationToken ct)
    {
        var old = await SetValueAsync(name, ct);
        return old?.Contains(element, StringComparison.Ordinal) == true
            ? null
            : new(name, old, string.IsNullOrWhiteSpace(old) ? element : $"{old}, {element}", element, why);
    }

    private async Task<PostfixChange?> SetAsync(string name, string value, string why, CancellationToken ct)
    {
        var old = await SetValueAsync(name, ct);
        return old == value ? null : new(name, old, value, value, why);
    }

    // Returns the value that the file sets; null where Postfix uses its default.
    private async Task<string?> SetValueAsync(string name, CancellationToken ct)
    {
        var isService = name.Contains('/', StringComparison.Ordinal);
        var (_, output, _) = await SetupProgram.RunAsync("postconf", ["-c", folder, isService ? "-P" : "-n", name], ct);
        var equals = output.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? null : output[(equals + 1)..].Trim();
    }

    private Task<string> ValueAsync(string name, CancellationToken ct) =>
        SetupProgram.MustAsync("postconf", ["-c", folder, "-h", "-x", name], ct);

    private async Task ReloadAsync(CancellationToken ct)
    {
        await SetupProgram.MustAsync("postfix", ["-c", folder, "check"], ct);
        if ((await SetupProgram.RunAsync("postfix", ["-c", folder, "status"], ct)).ExitCode == 0)
        {
            await SetupProgram.MustAsync("postfix", ["-c", folder, "reload"], ct);
        }
    }

    private static string? Without(string? list, string element) =>
        list is null ? null
            : string.Join(
            ", ", list.Split(
                [',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(e => e != element)) is { Length: > 0 } rest ? rest
            : null;
}
