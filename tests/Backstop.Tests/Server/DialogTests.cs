namespace Backstop.Tests.Server;

/// <summary>The scripts in <c>dialogs/</c>, each against a real server over a real socket. Names that begin with lmtp go to the LMTP listener.</summary>
public sealed class DialogTests
{
    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(Folder, "*.dialog").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(HouseRulesTests.Root(), "tests", "Backstop.Tests", "dialogs");

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Session_goes_as_written(string name)
    {
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Smtp.MaxErrors = 8;
            o.Smtp.MaxRecipients = 3;
            o.Smtp.MaxMessage = new(100_000);
            o.Smtp.MaxHeader = new(2000);
            o.Smtp.MaxTextLine = new(1000);
            o.Smtp.MaxCommandLine = new(512);
            o.Tls.Enabled = false;
            o.Batv.AlwaysSigned = ["you@example.org"];
        });
        var script = await File.ReadAllTextAsync(Path.Combine(Folder, name + ".dialog"), TestContext.Current.CancellationToken);
        await Dialog.RunAsync(name.StartsWith("lmtp", StringComparison.Ordinal) ? server.Lmtp : server.Smtp, script);
    }
}
