using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Backstop.Backscatter.Proofs;
using Backstop.Mail;

namespace Backstop.Interop;

/// <summary>Envelope proofs against the programs that others run: what they make we believe, what we make they believe.</summary>
public sealed class PeerProofTests
{
    private const string Secret = "a-secret-that-both-know";

    private static readonly TimeSpan _limit = Until.Bound;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("me@example.org")]
    [InlineData("First.Last+list@Sub.Example.org")]
    public async Task Exim_and_we_believe_each_others_tags(string text)
    {
        using var folder = new TempFolder();
        var address = MailAddress.TryParse(text)!;
        var batv = new Batv([new(3, Encoding.ASCII.GetBytes(Secret))]);
        var theirs = (await EximAsync(folder, $"${{prvs{{{text}}}{{{Secret}}}{{3}}}}")).Trim();
        Assert.Equal(batv.Sign(address, Now).ToString(), theirs);
        Assert.Equal(BatvOutcome.Pass, batv.Check(BatvTag.TryParse(MailAddress.TryParse(theirs)!)!, Now));
        Assert.Contains($"valid 1 {text}", await CheckAsync(folder, batv.Sign(address, Now)), StringComparison.Ordinal);
        Assert.Contains(
            "valid  ", await CheckAsync(folder, new MailAddress(batv.Sign(address, Now).LocalPart + "x", address.Domain)),
            StringComparison.Ordinal);
        Assert.Contains("valid  ", await CheckAsync(folder, batv.Sign(address, Now.AddDays(-9))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postsrsd_and_we_believe_each_others_addresses()
    {
        var program = Needs.Peer("usr/sbin/postsrsd", "postsrsd");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["secrets"], Secret + "\n", Ct);
        var (forward, reverse) = (Server.FreePort(), Server.FreePort());
        using var postsrsd = Tool.Start(
            program, "-4", "-A", "-s" + folder["secrets"], "-dfwd.example.org", Port("-f", forward), Port("-r", reverse));
        await Until.ListensAsync(forward, postsrsd);
        await Until.ListensAsync(reverse, postsrsd);
        var srs = new Srs([Encoding.ASCII.GetBytes(Secret)]);
        foreach (var text in new[] { "bob@source.example", "Carol.Jones+x=y@Mixed.Source.example" })
        {
            var theirs = MailAddress.TryParse(await AskAsync(forward, text))!;
            var parsed = SrsAddress.TryParse(theirs)!;
            Assert.Equal(SignedOutcome.Pass, srs.Check(parsed, Now));
            Assert.Equal(MailAddress.TryParse(text), parsed.Original);
            Assert.Equal(text, await AskAsync(reverse, srs.Forward(MailAddress.TryParse(text)!, "fwd.example.org", Now).ToString()));
        }

        // Forwarded once by somebody else: both guard it alike.
        var first = new Srs(["another secret"u8.ToArray()]).Forward(new("bob", "source.example"), "first.example", Now);
        var guarded = MailAddress.TryParse(await AskAsync(forward, first.ToString()))!;
        Assert.Equal(srs.Forward(first, "fwd.example.org", Now).ToString(), guarded.ToString());
        Assert.Equal(SignedOutcome.Pass, srs.Check(SrsAddress.TryParse(guarded)!, Now));
        Assert.Equal(first.ToString(), await AskAsync(reverse, srs.Forward(first, "fwd.example.org", Now).ToString()));

        // And what neither made, both refuse.
        Assert.Null(await AskAsync(reverse, "SRS0=abcd=AA=source.example=bob@fwd.example.org"));
        Assert.Null(await AskAsync(reverse, srs.Forward(new("bob", "source.example"), "fwd.example.org", Now.AddDays(-30)).ToString()));
    }

    private static Task<string> CheckAsync(TempFolder folder, MailAddress tagged) =>
        EximAsync(folder, $"${{prvscheck{{{tagged}}}{{{Secret}}}{{valid $prvscheck_result $prvscheck_address}}}}");

    // Exim wants its user even to expand a string. It gets one in a mount namespace of its own; the system's files stay as they are.
    private static Task<string> EximAsync(TempFolder folder, string expression)
    {
        Needs.Root();
        var exim = Needs.Peer("usr/sbin/exim4", "exim4-daemon-light");
        File.WriteAllText(
            folder["passwd"], File.ReadAllText("/etc/passwd") + "Debian-exim:x:9925:9925::/var/spool/exim4:/usr/sbin/nologin\n");
        File.WriteAllText(folder["group"], File.ReadAllText("/etc/group") + "Debian-exim:x:9925:\n");
        File.WriteAllText(folder["exim.conf"], "");
        var script = $"mount --bind {folder["passwd"]} /etc/passwd && mount --bind {folder["group"]} /etc/group && exec {exim} -C "
            + $"{folder["exim.conf"]} -be \"$0\"";
        return Tool.RunWithAsync(
            new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = Path.Combine(Needs.PeerFolder, "usr/lib/x86_64-linux-gnu") },
            null, "/usr/bin/unshare", ["-m", "/bin/bash", "-c", script, expression], _limit);
    }

    // Postfix's tcp_table protocol.
    private static async Task<string?> AskAsync(int port, string key)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, Ct);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"get {key}\n"), Ct);
        using var reader = new StreamReader(client.GetStream());
        var answer = await reader.ReadLineAsync(Ct);
        return answer?.StartsWith("200 ", StringComparison.Ordinal) == true ? answer[4..] : null;
    }

    private static string Port(string option, int port) => string.Create(CultureInfo.InvariantCulture, $"{option}{port}");
}
