using System.Text;
using Backstop.Clean;
using Backstop.Configuration.Options;
using Backstop.Judging;
using Backstop.Judging.Explain;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>A message that uses up its CPU budget is delivered unjudged, and says so everywhere.</summary>
public sealed class JudgingBudgetTests
{
    // Every tag counts: the clock is asked once in 256.
    private static readonly string _dear = "From: a@example.net\nSubject: x\nContent-Type: text/html\n\n"
        + string.Concat(Enumerable.Repeat("<b>x</b>\n", 2000));

    [Fact]
    public async Task Mail_over_its_budget_goes_to_the_inbox_and_says_so()
    {
        using var log = new LogLines();
        await using var server = await TestServer.StartAsync(logging: l => l.AddProvider(log));
        for (var i = 0; i < 3; i++)
        {
            // Compiling the code is not counted, and would hide what little this costs.
            await ServerMail.SendAsync(server, "<sender@example.net>", "you@example.org", _dear);
        }

        server.Options.Smtp.CpuPerMessage = TimeSpan.FromTicks(1);
        var reply = await ServerMail.SendAsync(server, "<sender@example.net>", "me@example.org", _dear);
        Assert.StartsWith("250", reply, StringComparison.Ordinal);
        await server.DeliveredAsync();
        var mail = await File.ReadAllTextAsync(Directory.GetFiles(server.Inbox).Single(), TestContext.Current.CancellationToken);
        Assert.Contains("X-Backstop: deliver; reason=unjudged:cpu; kind=none", mail, StringComparison.Ordinal);
        Assert.Contains(log.All, l => l.Contains("used up its CPU budget", StringComparison.Ordinal));
    }

    /// <summary>Another program's answer costs us no CPU: a virus must not come in because our own look was too dear.</summary>
    [Fact]
    public async Task Other_filters_are_asked_about_mail_over_its_budget()
    {
        using var folder = new TempFolder();
        var program = folder["says-spam"];
        await File.WriteAllTextAsync(program, "#!/bin/sh\nprintf 'X-Spam-Flag: YES\\n'\ncat\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var server = await TestServer.StartAsync(o =>
        {
            o.Spam.Enabled = true;
            o.Spam.Filter = "pipe:" + program;
        });
        server.Options.Smtp.CpuPerMessage = TimeSpan.FromTicks(1);
        await ServerMail.SendAsync(server, "<sender@example.net>", "me@example.org", _dear);
        await server.DeliveredAsync();
        Assert.False(Directory.Exists(server.Inbox) && Directory.EnumerateFiles(server.Inbox).Any());
        var filed = Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetDirectoryName(server.Inbox))!, "*", SearchOption.AllDirectories);
        Assert.Contains(filed, f => f.Contains("/.Junk/new/", StringComparison.Ordinal));
    }

    [Fact]
    public void Explain_says_that_a_bounce_was_not_judged()
    {
        var options = new BackstopOptions { Domains = ["example.org"], Mailboxes = new() { ["me@example.org"] = new() } };
        var explainer = new Explainer(options, Proving.Create(options, new SentMail(null, 0), []), TimeProvider.System);
        var bounce = Encoding.ASCII.GetBytes(ServerMail.BounceOf("x@example.org") + new string('\n', 40_000));
        Assert.Equal("bounce", explainer.Explain(new("-", bounce), default).Kind);
        options.Smtp.CpuPerMessage = TimeSpan.FromTicks(1);
        var explained = explainer.Explain(new("-", bounce), default);
        Assert.Equal(("none", "deliver", "unjudged:cpu"), (explained.Kind, explained.Verdict, explained.Reason));
    }
}
