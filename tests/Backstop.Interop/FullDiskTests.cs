namespace Backstop.Interop;

/// <summary>A real file system of a few megabytes that fills up.</summary>
public sealed class FullDiskTests
{
    /// <summary>The delivery agent at a full disk, and at folders that it may not write: 75, the folders as they were, and the mail server tries again.</summary>
    [Fact]
    public async Task Delivery_agent_leaves_folders_as_they_were_and_says_try_again()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        var agent = Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop.Deliver.Native", "release", "backstop-deliver.dll");
        await Tool.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], TimeSpan.FromSeconds(10));
        try
        {
            foreach (var (name, rc) in new[] { ("mbox", $"DEFAULT={disk}/box\n"), ("maildir", $"DEFAULT={disk}/md/\n"), ("mh", $"DEFAULT={disk}/mh/.\n") })
            {
                await File.WriteAllTextAsync(folder["rc"], rc, TestContext.Current.CancellationToken);
                var small = "From: a@example.org\nSubject: small\n\n" + name + "\n";
                await Deliver(small, 0);
                var before = Files(disk);
                await Deliver("From: a@example.org\nSubject: big\n\n" + new string('x', 400_000) + "\n", 75);
                Assert.Equal(before, Files(disk));
                await Deliver(small, 0);
            }

            await Tool.RunAsync("/bin/mount", ["-o", "remount,ro", disk], TimeSpan.FromSeconds(10));
            await Deliver("Subject: x\n\ny\n", 75);
        }
        finally
        {
            await Tool.RunAsync("/bin/umount", ["-l", disk], TimeSpan.FromSeconds(10));
        }

        Task<string> Deliver(string message, int exitCode) =>
            Tool.RunWithAsync(new Dictionary<string, string>(), message, "dotnet", [agent, "-m", folder["rc"]], TimeSpan.FromSeconds(30), exitCode);
    }

    private static List<string> Files(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(f => $"{f} {new FileInfo(f).Length}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Full_disk_is_452_nothing_is_lost_and_room_makes_it_normal_again()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        await Tool.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], TimeSpan.FromSeconds(10));
        try
        {
            using var server = await Server.StartAsync(disk, "spool = { min_free = \"2MiB\", segment = \"2MiB\" }\nbackscatter.unproved = \"file\"");
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[8 << 20], TestContext.Current.CancellationToken);
            var table = folder["full.tsv"];
            await Tool.RunAsync(storm, Arguments(server, table, 8000, 1), TimeSpan.FromMinutes(2));
            var full = StormC.Read(table);
            Assert.Contains(full, s => s.Code == 250);
            Assert.Contains(full, s => s.Code == 452);
            Assert.DoesNotContain(full, s => s.Code is not (250 or 452));

            // Bounces are turned away at twice the least room (lanes); below it everybody is.
            var rest = Path.Combine(disk, "rest");
            Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(rest, new byte[32 << 20]));
            for (var tries = 0; !(await server.StatusAsync()).Contains("\"roomIsShort\": true", StringComparison.Ordinal); tries++)
            {
                Assert.True(tries < 100, await server.StatusAsync());
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            // Room again: what was accepted is all there, and mail is taken as before.
            File.Delete(rest);
            File.Delete(ballast);
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            var after = folder["after.tsv"];
            await Tool.RunAsync(storm, Arguments(server, after, 200, 2), TimeSpan.FromMinutes(1));
            Assert.All(StormC.Read(after), s => Assert.Equal(250, s.Code));
            await server.DeliveredAsync(TimeSpan.FromMinutes(1));
            var copies = StormC.Ids(server.Maildir("user")).Concat(StormC.Ids(server.Maildir("user"), "Backscatter")).ToList();
            Assert.Equal(full.Count(s => s.Code == 250) + 200, copies.Sum(c => c.Value));
            await server.StopAsync();
        }
        finally
        {
            await Tool.RunAsync("/bin/umount", ["-l", disk], TimeSpan.FromSeconds(10));
        }
    }

    private static string[] Arguments(Server server, string table, int count, int seed) =>
        ["-p", $"{server.SmtpPort}", "-o", table, "-n", $"{count}", "-c", "20", "-L", "0", "-G", "0", "-S", $"{seed}", "-v", "user@bench.test"];
}
