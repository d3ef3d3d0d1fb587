namespace Backstop.Interop;

/// <summary>A delivery that is told to end: by a mail server that stops, or one that has waited long enough.</summary>
public sealed class DeliverSignalTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Agent =>
        Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop.Deliver.Native", "release", "backstop-deliver.dll");

    /// <summary>
    /// An append is finished, its lock given back, and the mail server told so: asked to try again it would have two copies, or one
    /// and a piece.
    /// </summary>
    [Theory]
    [InlineData("")]
    [InlineData(":0fw\n| cat\n")]
    public async Task An_append_that_is_begun_is_finished(string before)
    {
        using var folder = new TempFolder();
        Assert.EndsWith(
            "exit 0\n", await SignalAsync(folder, before + ":0:\nbox\n", "[ -s box ]", megabytes: 64), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder.Path, "box.lock")));

        // The blank line that ends an mbox's message is added.
        Assert.Equal(new FileInfo(Path.Combine(folder.Path, "mail")).Length + 1, new FileInfo(Path.Combine(folder.Path, "box")).Length);
    }

    [Fact]
    public async Task Waiting_for_somebody_elses_lock_ends_at_once()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "box.lock"), "another", Ct);
        var output = await SignalAsync(folder, ":0:\nbox\n", "ls -l /proc/$pid/fd | grep -q inotify", megabytes: 1);
        Assert.EndsWith("exit 75\n", output, StringComparison.Ordinal);
        Assert.Contains("**Requeued**", output, StringComparison.Ordinal);
        Assert.Equal("another", await File.ReadAllTextAsync(Path.Combine(folder.Path, "box.lock"), Ct));
        Assert.False(File.Exists(Path.Combine(folder.Path, "box")));
    }

    /// <summary>The program goes first: the end of its input must not look like the end of the mail. Locks are given back.</summary>
    [Fact]
    public async Task A_program_ends_with_us_and_takes_no_part_for_the_whole()
    {
        using var folder = new TempFolder();
        var output = await SignalAsync(folder, ":0 w: out.lock\n| echo $$ >started; sleep 20; cat >out\n", "[ -s started ]", megabytes: 8);
        Assert.EndsWith("exit 75\n", output, StringComparison.Ordinal);
        var shell = (await File.ReadAllTextAsync(Path.Combine(folder.Path, "started"), Ct)).Trim();
        await Until.SoAsync(() => !Directory.Exists($"/proc/{shell}"), () => $"{shell} is still at work");
        Assert.False(File.Exists(Path.Combine(folder.Path, "out")));
        Assert.False(File.Exists(Path.Combine(folder.Path, "out.lock")));
    }

    // Sends SIGTERM as soon as a condition of the shell's holds.
    private static async Task<string> SignalAsync(TempFolder folder, string rc, string until, int megabytes)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "rc"), rc, Ct);
        var line = new string('z', 63) + "\n";
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "mail"), "From a@example.org Mon Nov  2 10:00:00 2026\nSubject: "
                + "x\n\n" + string.Concat(Enumerable.Repeat(
                line, megabytes << 14)), Ct);
        var script = $"""
            cd {folder.Path}
            dotnet {Agent} HOME={folder.Path} MAILDIR={folder.Path} DEFAULT={folder.Path}/inbox {folder.Path}/rc <mail & pid=$!
            while kill -0 $pid && ! {until}; do sleep 0.005; done
            kill -TERM $pid
            wait $pid; echo "exit $?"

            """;
        return await Tool.RunAsync("/bin/sh", ["-c", script], TimeSpan.FromMinutes(1)) + "\n";
    }
}
