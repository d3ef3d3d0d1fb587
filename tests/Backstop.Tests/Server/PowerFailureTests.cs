using Microsoft.Extensions.Time.Testing;

namespace Backstop.Tests.Server;

/// <summary>A 250 means durable, also where the power fails after the copy was written and before it was synced.</summary>
public sealed class PowerFailureTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copies_that_the_disk_never_got_are_delivered_again_and_the_others_once()
    {
        // Its clock stands still, so nothing is synced in time.
        await using var server = await TestServer.StartAsync(time: new FakeTimeProvider(DateTimeOffset.UtcNow));
        foreach (var name in new[] { "gone", "empty", "half", "whole", "read" })
        {
            await ServerMail.SendAsync(server, "<a@example.net>", "me@example.org", $"Subject: {name}\n\nhello\n");
            await server.DeliveredAsync();
        }

        // A stop syncs everything, so the log is taken from before it.
        var spool = Path.Combine(server.Options.Data, "spool");
        Copy(spool, spool + ".saved");
        await server.StopAsync();
        Directory.Delete(spool, recursive: true);
        Directory.Move(spool + ".saved", spool);
        string File(string name) => Directory.GetFiles(server.Inbox)
            .Single(f => System.IO.File.ReadAllText(f).Contains($"Subject: {name}", StringComparison.Ordinal));
        System.IO.File.Delete(File("gone"));
        await System.IO.File.WriteAllTextAsync(File("empty"), "", Ct);
        var half = File("half");
        await System.IO.File.WriteAllTextAsync(half, (await System.IO.File.ReadAllTextAsync(half, Ct))[..40], Ct);
        var read = File("read");
        System.IO.File.Move(read, Path.Combine(server.Maildir, "cur", Path.GetFileName(read) + ":2,S"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(spool, "boot"), "another start of the machine", Ct);

        await server.RestartAsync();
        var inNew = await server.MessagesAsync();
        var whole = inNew.Where(m => m.EndsWith("\n\nhello\n\n", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            ["empty", "gone", "half", "whole"],
            whole.Select(m => m.Split("Subject: ")[1].Split('\n')[0]).Order(StringComparer.Ordinal));
        Assert.Equal(4, inNew.Length);
        Assert.Single(Directory.GetFiles(Path.Combine(server.Maildir, "cur")));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.Combine(to, "large"));
        var files = Directory.EnumerateFiles(from).Where(f =>
            Path.GetFileName(f) is "boot" or "instance" || f.EndsWith(".log", StringComparison.Ordinal));
        foreach (var file in files)
        {
            System.IO.File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
