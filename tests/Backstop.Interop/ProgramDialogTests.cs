using System.Net;
using Backstop.Tests.Server;

namespace Backstop.Interop;

/// <summary>
/// The scripts in tests/Backstop.Tests/dialogs, played to the program as people run it: compiled ahead of time, a serializer or a
/// converter may be missing that the server in the tests' process has.
/// </summary>
public sealed class ProgramDialogTests
{
    public static TheoryData<string> Scripts =>
        [.. Directory.EnumerateFiles(Dialogs, "*.dialog").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Dialogs => Path.Combine(Checkout.Root, "tests", "Backstop.Tests", "dialogs");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Session_goes_as_written(string name)
    {
        using var folder = new TempFolder();
        await using var next = new NextServer(isLmtp: true);
        string[] listeners = ["smtp", "lmtp", "milter", "policy", "lmtp_proxy", "spamd"];
        var ports = listeners.ToDictionary(l => l, _ => Interop.Server.FreePort());
        var config = Path.Combine(folder.Path, "backstop.toml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            hostname = "mx.example.org"
            domains = ["example.org"]
            data = "{{folder.Path}}/data"
            mailboxes."me@example.org".aliases = ["info@example.org"]
            mailboxes."you@example.org" = {}
            dnsbl.zones = []
            relay.lmtp_to = "{{next.Address}}"
            spam = { rules = ["{{Dialogs}}/spamd.cf"], allow_tell = true, max_client_message = 1024 }
            tls.enabled = false
            backscatter.unproved = "refuse"
            batv.always_signed = ["you@example.org"]
            [smtp]
            max_errors = 8
            max_recipients = 3
            max_message = 100000
            max_header = 2000
            max_text_line = 1000
            max_command_line = 512
            error_delay = "0s"
            [listen]
            {{string.Join('\n', ports.Select(p => $"{p.Key} = \"127.0.0.1:{p.Value}\""))}}
            """,
            TestContext.Current.CancellationToken);
        using var server = Tool.Start(Interop.Server.Launcher, "serve", "--config", config);
        await server.WaitForLineAsync("ready", TimeSpan.FromMinutes(3));
        var script = await File.ReadAllTextAsync(Path.Combine(Dialogs, name + ".dialog"), TestContext.Current.CancellationToken);
        var listener = name.Split('-') switch
        {
            ["lmtp", "proxy", ..] => "lmtp_proxy",
            ["lmtp" or "policy" or "milter" or "spamd", ..] and [var first, ..] => first,
            _ => "smtp",
        };
        var place = new IPEndPoint(IPAddress.Loopback, ports[listener]);
        await (listener switch
        {
            "milter" => MilterDialog.RunAsync(place, script),
            "policy" => Tests.Server.Dialog.RunAsync(place, script, "\n"),
            "spamd" => SpamdDialog.RunAsync(place, script),
            _ => Tests.Server.Dialog.RunAsync(place, script),
        });
        await server.StopAsync();
    }
}
