using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
using Backstop.Judging.Protections;
using Backstop.Server.Status;
using Backstop.Setup;
using Backstop.Terminal;

namespace Backstop.Doctor;

/// <summary>The running server: what answers on its ports, and what it says of its own parts.</summary>
internal static class ServerChecks
{
    private const int MostShown = 20;

    /// <summary>Asks every port that is configured, and the status page.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="config">Its file, for what to do.</param>
    /// <param name="keys">The keys of tags.</param>
    /// <param name="ct">Stops the work.</param>
    public static async Task<IReadOnlyList<Finding>> AskAsync(
        BackstopOptions options, string config, IReadOnlyList<BatvKey> keys, CancellationToken ct)
    {
        var findings = new List<Finding>();
        foreach (var port in await new SetupProbe(options, keys).AskAsync(ct, withMail: true))
        {
            findings.Add(port.Trouble is null ? new(FindingState.Ok, "port", port.Port) : new(
                FindingState.Bad, "port", $"{port.Port}: {port.Trouble}",
                port.Answers ? "see what else listens there" : $"start it: backstop serve --config {ShellWords.Quote(config)}"));
        }

        if (options.Listen.Web.Count == 0)
        {
            findings.Add(new(FindingState.Skip, "server", "listen.web is not set, so the server cannot be asked how it is"));
            return findings;
        }

        var url = new Uri($"http://{options.Listen.Web[0]}");
        try
        {
            Tell(await StatusPage.ReadAsync(url, ct), findings);
        }
        catch (HttpRequestException error)
        {
            findings.Add(new(
                FindingState.Bad, "server", $"{url}status: {error.Message}",
                $"start it: backstop serve --config {ShellWords.Quote(config)}"));
        }

        return findings;
    }

    // A store or a table is this host's business and can be mended; a list or a filter may be somebody else's.
    private static Finding Of(Protection protection) => protection.State switch
    {
        ProtectionState.On => new(FindingState.Ok, protection.Check, protection.Name),
        ProtectionState.Starting => new(FindingState.Skip, protection.Check, protection.Sentence),
        _ => new(
            protection.Check is "store" or ProtectionWatch.Table ? FindingState.Bad : FindingState.Off, protection.Check,
            protection.Sentence, protection.Do),
    };

    /// <summary>Makes findings of what the server says.</summary>
    public static void Tell(ServerStatus status, List<Finding> findings)
    {
        var running = FormattableString.Invariant($"running; {status.Waiting} messages wait");
        findings.Add(status.Failing.Count == 0
            ? new(FindingState.Ok, "server", running)
            : new(FindingState.Warn, "server", running, "see the folders that fail"));
        findings.AddRange(status.Failing.Take(MostShown).Select(f => new Finding(
            FindingState.Bad, "mailbox", $"{f.Mailbox} {f.Folder}: {f.Error}",
            FormattableString.Invariant($"fix it; {f.Waiting} messages wait, the next try is at {f.RetryAt.UtcDateTime:HH:mm} UTC"))));
        findings.AddRange(status.Protections.Where(p => p.State != ProtectionState.Off).Select(Of));

        var covered = status.Coverage.Count(c => c.IsCovered);
        findings.AddRange(status.Coverage.Where(c => !c.IsCovered).Take(MostShown).Select(c => new Finding(
            FindingState.Off, "journal", $"bounces to {c.Address} that prove nothing are filed, not refused: {c.Why}",
            "let all its mail go out through Backstop, or import what was sent: backstop journal import FOLDER")));
        if (covered > 0)
        {
            findings.Add(new(
                FindingState.Ok, "journal", FormattableString.Invariant($"the sent mail of {covered} mailboxes is known well enough")));
        }
    }
}
