using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>Beside a real Sendmail 8.17: its own milter client.</summary>
public sealed class SendmailTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Milter_refuses_a_storm_and_lets_real_mail_pass()
    {
        using var guard = await Guard.StartAsync("backscatter.unproved = \"refuse\"", hasKey: false);
        using var sendmail = await Sendmail.StartAsync(Path.Combine(guard.Data, "mail"), guard.Milter);
        var summary = await guard.StormAsync(sendmail.Port, 2000, 100, 200);
        await sendmail.EmptyAsync();
        var marks = MessageFiles.Read(Path.Combine(guard.Data, "mail", "victim@bench.test", "Maildir"))
            .Select(m =>
            Regex.Match(
                Encoding.Latin1.GetString(m.Bytes.Span), "(?m)^X-Backstop: (?<what>deliver|file); reason=",
                RegexOptions.ExplicitCapture, _limit).Groups["what"].Value).ToList();
        Assert.Equal(300, marks.Count(m => m == "deliver"));
        var bounces = summary.GetProperty("bounces");
        Assert.Equal(
            2000,
            marks.Count(m => m == "file") + bounces.GetProperty("refusedAtRcpt").GetInt32()
                + bounces.GetProperty("refusedAtData").GetInt32());
        Assert.InRange(marks.Count(m => m == "file"), 0, 500);
        Assert.Contains("(bounce:unproved)", summary.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>A signed address as a detail: Sendmail delivers it as it is.</summary>
    [Fact]
    public async Task Milter_signs_what_leaves_and_its_bounce_comes_home()
    {
        var swaks = Needs.Program("swaks", "swaks");
        using var guard = await Guard.StartAsync("backscatter.unproved = \"refuse\"\nbatv.form = \"detail\"");
        using var sendmail = await Sendmail.StartAsync(Path.Combine(guard.Data, "mail"), guard.Milter);
        await SwaksAsync(sendmail.Submission, "user@bench.test", "legit@bench.test");
        await sendmail.EmptyAsync();
        var sent = Encoding.Latin1.GetString(
            Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "legit@bench.test", "Maildir"))).Bytes.Span);
        Assert.Contains("X-Backstop-Sent: bs", sent, StringComparison.Ordinal);
        var sender = Regex.Match(sent, "(?m)^Return-Path: <(?<sender>[^>]+)>", RegexOptions.ExplicitCapture, _limit).Groups["sender"].Value;
        Assert.Matches("^user\\+prvs=\\d{4}[0-9a-f]{6}@bench\\.test$", sender);

        await SwaksAsync(sendmail.Port, "<>", sender);
        Assert.Contains(
            "(batv:forged)", await SwaksAsync(sendmail.Port, "<>", "user+prvs=0123456789@bench.test"), StringComparison.Ordinal);
        await sendmail.EmptyAsync();
        Assert.Single(MessageFiles.Read(Path.Combine(guard.Data, "mail", "user@bench.test", "Maildir")));

        Task<string> SwaksAsync(int port, string from, string to) => Tool.RunAsync(
            swaks, [
                "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--from", from, "--to", to, "--ehlo",
                "client.example"], TimeSpan.FromMinutes(1), 0, 24);
    }
}
