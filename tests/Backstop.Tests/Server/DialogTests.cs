using System.Net;
using Backstop.Backscatter.Verdicts;

namespace Backstop.Tests.Server;

/// <summary>
/// The scripts in <c>dialogs/</c>, each against a real server over a real socket. Names begin with the listener's: lmtp,
/// lmtp-proxy, policy, milter, spamd; all others go to SMTP. Behind the proxy is a server that takes everything.
/// </summary>
public sealed class DialogTests
{
    public static TheoryData<string> Scripts =>
        [.. Directory.EnumerateFiles(Folder, "*.dialog").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "dialogs");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Session_goes_as_written(string name)
    {
        await using var next = new NextServer(isLmtp: true);
        await using var server = await TestServer.StartAsync(o =>
        {
            var any = new IPEndPoint(IPAddress.Loopback, 0);
            (o.Listen.Milter, o.Listen.Policy, o.Listen.LmtpProxy, o.Relay.LmtpTo, o.Listen.Spamd) = (
                [any], [any], [any], next.Address, [any]);
            (o.Spam.Rules, o.Spam.AllowTell, o.Spam.MaxClientMessage) = ([Path.Combine(Folder, "spamd.cf")], true, new(1024));
            o.Smtp.MaxErrors = 8;
            o.Smtp.MaxRecipients = 3;
            o.Smtp.MaxMessage = new(100_000);
            o.Smtp.MaxHeader = new(2000);
            o.Smtp.MaxTextLine = new(1000);
            o.Smtp.MaxCommandLine = new(512);
            o.Tls.Enabled = false;
            o.Backscatter.Unproved = UnprovedPolicy.Refuse;
            o.Batv.AlwaysSigned = ["you@example.org"];
        });
        var script = await File.ReadAllTextAsync(Path.Combine(Folder, name + ".dialog"), TestContext.Current.CancellationToken);
        var run = Listener(name) switch
        {
            "milter" => MilterDialog.RunAsync(server.EndPoint("milter"), script),
            "policy" => Dialog.RunAsync(server.EndPoint("policy"), script, "\n"),
            "spamd" => SpamdDialog.RunAsync(server.Spamd, script),
            var other => Dialog.RunAsync(server.EndPoint(other), script),
        };
        await run;
    }

    private static string Listener(string name) => name.Split('-') switch
    {
        ["lmtp", "proxy", ..] => "lmtp_proxy",
        ["lmtp" or "policy" or "milter" or "spamd", ..] and [var listener, ..] => listener,
        _ => "smtp",
    };
}
