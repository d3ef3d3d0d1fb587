using System.Text.RegularExpressions;
using Backstop.Setup;

namespace Backstop.Doctor;

/// <summary>The host: its clock, and the mail programs beside us.</summary>
/// <param name="runAsync">Runs a program, as <see cref="SetupProgram.RunAsync"/> does.</param>
internal sealed partial class HostChecks(
    Func<string, IEnumerable<string>, CancellationToken, Task<(int ExitCode, string Output, string Errors)>> runAsync)
{
    // What each program prints its version with, and the releases that our tests run with.
    private static readonly (string Name, string Program, string[] Arguments, string[] Tried)[] _peers =
    [
        ("Postfix", "postconf", ["-h", "mail_version"], ["3.7.", "3.10."]),
        ("Dovecot", "dovecot", ["--version"], ["2.3.", "2.4."]),
        ("Exim", "exim4", ["-bV"], ["4.96", "4.98"]),
        ("Sendmail", "sendmail.sendmail", ["-d0.1", "-bt"], ["8.17.", "8.18."]),
        ("SpamAssassin", "spamassassin", ["--version"], ["4.0."]),
        ("procmail", "procmail", ["-v"], ["v3.22", "v3.24"]),
        ("rspamd", "rspamd", ["--version"], ["3."]),
    ];

    /// <summary>Looks at the clock and at each program that is installed.</summary>
    public async Task<IReadOnlyList<Finding>> AskAsync(CancellationToken ct)
    {
        var findings = new List<Finding> { await ClockAsync(ct) };
        foreach (var (name, program, arguments, tried) in _peers)
        {
            if (await VersionAsync(program, arguments, ct) is not { } version)
            {
                continue;
            }

            findings.Add(tried.Any(t => version.StartsWith(t, StringComparison.Ordinal))
                ? new(FindingState.Ok, "peer", $"{name} {version}")
                : new(
                    FindingState.Warn, "peer", $"{name} {version}, which our tests have not run with ({string.Join(", ", tried)})",
                    "it may work; tell us what does not"));
        }

        return findings;
    }

    private async Task<Finding> ClockAsync(CancellationToken ct)
    {
        var (code, output) = await TryAsync("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], ct);
        return code != 0
            ? new(FindingState.Skip, "clock", "timedatectl does not answer, so it is not known whether the clock is set from the network")
            : output.Trim() == "yes" ? new(FindingState.Ok, "clock", "set from the network")
            : new(
                FindingState.Warn, "clock", "not set from the network",
                "install systemd-timesyncd or chrony: tags are valid for days, and signatures of others for minutes");
    }

    private async Task<string?> VersionAsync(string program, string[] arguments, CancellationToken ct)
    {
        var (_, output) = await TryAsync(program, arguments, ct);
        return Version().Match(output) is { Success: true } match ? match.Value : null;
    }

    // Some print their version to standard error. One that is not installed prints nothing.
    private async Task<(int Code, string Output)> TryAsync(string program, string[] arguments, CancellationToken ct)
    {
        try
        {
            var (code, output, errors) = await runAsync(program, arguments, ct);
            return (code, output.Length > 0 ? output : errors);
        }
        catch (CommandException)
        {
            return (-1, "");
        }
    }

    [GeneratedRegex(@"v?\d+\.\d+[\w.~+-]*", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Version();
}
