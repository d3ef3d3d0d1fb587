using System.CommandLine;
using System.Text.Json;
using Backstop.Configuration;
using Backstop.Doctor;
using Backstop.Mail;
using Backstop.Server.Net;
using Backstop.Setup;

namespace Backstop.Commands;

/// <summary>The verb <c>doctor</c>: looks at everything that a set-up needs, from the configuration to DNS.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var config = CommonOptions.Config();
        var json = CommonOptions.Json();
        var command = new Command(
            "doctor",
            "Look at the whole set-up: configuration, ports, folders, DNS names, certificates, keys, what is off; each with what to do. "
                + "Exit code 1 if something does not work. Run it as the user that the server runs as: "
                + "sudo -u backstop backstop doctor --config /etc/backstop/backstop.toml") { config, json };
        command.SetAction((parsed, ct) =>
            RunAsync(
                parsed.GetValue(config)
                    ?? throw new CommandException(ExitCode.Usage, "doctor: which set-up? --config names its configuration"),
                parsed.GetValue(json), ct));
        return command;
    }

    private static async Task<int> RunAsync(string config, bool json, CancellationToken ct)
    {
        var warnings = new List<ConfigError>();
        var options = CommonOptions.Read(config, warnings);
        var keys = BatvKeyFile.Read(DataPaths.BatvKeys(options));
        var now = TimeProvider.System.GetUtcNow();
        var isBad = false;
        Show([
            .. warnings.Select(w => new Finding(FindingState.Warn, "config", w.ToString(), "fix it, then: backstop config check")),
            .. warnings.Count == 0 ? [new Finding(FindingState.Ok, "config", config)] : Array.Empty<Finding>(),
        ]);
        Show(await ServerChecks.AskAsync(options, config, keys, ct));
        Show(FolderChecks.Look(options));
        Show(TlsChecks.Look(options, now));
        Show(ProtectionChecks.Look(options, config, keys, now));
        var names = new HostNames(options.Dnsbl.Resolvers, options.Dnsbl.TimeLimit);
        Show(await DnsChecks.AskAsync(options, names, ct));
        Show(await MtaStsChecks.AskAsync(options, names, ct));
        Show(await new HostChecks(SetupProgram.RunAsync).AskAsync(ct));
        return isBad ? ExitCode.Found : ExitCode.Done;

        // Shown at once, because a resolver that is silent takes long.
        void Show(IEnumerable<Finding> findings)
        {
            foreach (var finding in findings)
            {
                isBad |= finding.State == FindingState.Bad;
                Console.Write(json ? JsonSerializer.Serialize(finding, CliJson.Default.Finding) + "\n" : Text(finding));
            }
        }
    }

    private static string Text(Finding finding)
    {
        var state = finding.State switch
        {
            FindingState.Ok => "ok",
            FindingState.Off => "off",
            FindingState.Skip => "skip",
            FindingState.Warn => "warn",
            _ => "BAD",
        };
        var line = $"{state,-4}  {finding.Check}: {ShownText.Of(finding.What)}\n";
        return finding.Do.Length == 0 ? line : $"{line}      -> {ShownText.Of(finding.Do)}\n";
    }
}
