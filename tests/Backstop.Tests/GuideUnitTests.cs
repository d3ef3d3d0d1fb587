using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Backstop.Tests;

/// <summary>The systemd units that the guide gives: what they must say, and that systemd takes them.</summary>
public sealed partial class GuideUnitTests : IDisposable
{
    private const string Analyze = "/usr/bin/systemd-analyze";
    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Unit => UnitOf("postfix-dovecot.md");

    private static string UnitOf(string page) =>
        UnitBlock().Match(File.ReadAllText(Path.Combine(HouseRulesTests.Root(), "docs", "guide", page))).Groups["unit"].Value;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("User", "backstop")]
    [InlineData("StateDirectory", "backstop")]
    [InlineData("StateDirectoryMode", "0700")]
    [InlineData("UMask", "0077")]
    [InlineData("LimitNOFILE", "65536")]
    [InlineData("AmbientCapabilities", "CAP_NET_BIND_SERVICE")]
    [InlineData("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE")]
    [InlineData("NoNewPrivileges", "yes")]
    [InlineData("ProtectSystem", "strict")]
    [InlineData("ProtectHome", "yes")]
    [InlineData("SystemCallFilter", "@system-service")]
    [InlineData("Type", "notify")]
    [InlineData("NotifyAccess", "main")]
    [InlineData("ExecReload", "/usr/local/bin/backstop reload --config /etc/backstop/backstop.toml")]
    [InlineData("WatchdogSec", "2min")]
    public void Unit_has_a_user_of_its_own_and_a_sandbox(string key, string value) =>
        Assert.Equal(
            [value], Unit.Split('\n').Where(l => l.StartsWith(key + "=", StringComparison.Ordinal)).Select(l => l[(key.Length + 1)..]));

    /// <summary>sock_diag, which tells whose program is connected over TCP, is netlink's.</summary>
    [Fact]
    public void Unit_leaves_what_the_server_needs() =>
        Assert.Contains("\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n", Unit, StringComparison.Ordinal);

    [Fact]
    public async Task Systemd_takes_the_unit_and_finds_little_exposed()
    {
        Assert.SkipUnless(File.Exists(Analyze), "no systemd-analyze here");
        var file = _folder["backstop.service"];
        await File.WriteAllTextAsync(file, Unit.Replace("/usr/local/bin/backstop", "/bin/true", StringComparison.Ordinal), Ct);
        var sockets = _folder["backstop.socket"];
        await File.WriteAllTextAsync(sockets, UnitOf("reload.md"), Ct);
        Assert.Equal((0, ""), await RunAsync("verify", file, sockets));
        Assert.Equal(0, (await RunAsync("security", "--offline=true", "--threshold=25", file)).Code);
    }

    private static async Task<(int Code, string Said)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(Analyze, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false
            })!;
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var said = await process.StandardError.ReadToEndAsync(Ct);
        await output;
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, said);
    }

    [GeneratedRegex("```ini\n(?<unit>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex UnitBlock();
}
