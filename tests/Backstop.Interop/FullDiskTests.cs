namespace Backstop.Interop;

/// <summary>A real file system of a few megabytes that fills up.</summary>
public sealed class FullDiskTests
{
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
            using var server = await Server.StartAsync(disk, "spool = { min_free = \"2MiB\", segment = \"2MiB\" }");
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[8 << 20], TestContext.Current.CancellationToken);
            var table = folder["full.tsv"];
            await Tool.RunAsync(storm, Arguments(server, table, 8000, 1), TimeSpan.FromMinutes(2));
            var full = StormC.Read(table);
            Assert.Contains(full, s => s.Code == 250);
            Assert.Contains(full, s => s.Code == 452);
            Assert.DoesNotContain(full, s => s.Code is not (250 or 452));
            Assert.Contains("\"roomIsShort\": true", await server.StatusAsync(), StringComparison.Ordinal);

            // Room again: what was accepted is all there, and mail is taken as before.
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
