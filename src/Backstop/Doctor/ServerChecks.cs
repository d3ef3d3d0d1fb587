using Backstop.Backscatter.Proofs;
using Backstop.Configuration.Options;
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
        findings.AddRange(status.Stores.Select(s => s.State == "ok"
            ? new Finding(FindingState.Ok, "store", s.Path)
            : new(
            FindingState.Bad, "store", $"{s.Path} is {s.State}{(s.Error.Length > 0 ? ": " + s.Error : "")}",
            s.SetAside is { } aside ? $"the damaged file is kept as {aside}; a new one is being filled" : "mail goes on without it")));
        findings.AddRange(status.Lists.Select(l => l.State == "Working" && !l.Rests
            ? new Finding(FindingState.Ok, "list", l.Zone)
            : new(
            FindingState.Off, "list", $"{l.Zone} gives no usable answers ({(l.Rests ? "resting" : l.State)}), so it is not used",
            "many lists do not answer public resolvers: run one of your own, and name it in dnsbl.resolvers")));
        if (status.SpamRules.Length > 0)
        {
            findings.Add(new(FindingState.Off, "spam", status.SpamRules, "see spam.rules"));
        }

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
