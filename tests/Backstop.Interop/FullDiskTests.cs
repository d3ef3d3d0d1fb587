using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Interop;

/// <summary>A real file system of a few megabytes that fills up.</summary>
public sealed class FullDiskTests
{
    /// <summary>
    /// The delivery agent at a full disk, and at folders that it may not write: 75, the folders as they were, and the mail server
    /// tries again.
    /// </summary>
    [Fact]
    public async Task Delivery_agent_leaves_folders_as_they_were_and_says_try_again()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        var agent = Path.Combine(Checkout.Root, "artifacts", "bin", "Backstop.Deliver.Native", "release", "backstop-deliver.dll");
        await Tool.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], Until.Bound);
        try
        {
            foreach (
                var (name, rc) in new[] { ("mbox", $"DEFAULT={disk}/box\n"), (
                    "maildir", $"DEFAULT={disk}/md/\n"), ("mh", $"DEFAULT={disk}/mh/.\n") })
            {
                await File.WriteAllTextAsync(folder["rc"], rc, TestContext.Current.CancellationToken);
                var small = "From: a@example.org\nSubject: small\n\n" + name + "\n";
                await Deliver(small, 0);
                var before = Files(disk);
                await Deliver("From: a@example.org\nSubject: big\n\n" + new string('x', 400_000) + "\n", 75);
                Assert.Equal(before, Files(disk));
                await Deliver(small, 0);
            }

            await Tool.RunAsync("/bin/mount", ["-o", "remount,ro", disk], Until.Bound);
            await Deliver("Subject: x\n\ny\n", 75);
        }
        finally
        {
            await Tool.RunAsync("/bin/umount", ["-l", disk], Until.Bound);
        }

        Task<string> Deliver(string message, int exitCode) =>
            Tool.RunWithAsync(new Dictionary<string, string>(), message, "dotnet", [agent, "-m", folder["rc"]], Until.Bound, exitCode);
    }

    private static List<string> Files(string directory) =>
        [.. Directory.EnumerateFiles(
            directory, "*", SearchOption.AllDirectories).Select(f => $"{f} {new FileInfo(f).Length}").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Full_disk_is_452_nothing_is_lost_and_room_makes_it_normal_again()
    {
        Needs.Root();
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        await Tool.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], Until.Bound);
        try
        {
            using var server = await Server.StartAsync(
                disk, "spool = { min_free = \"2MiB\", segment = \"2MiB\" }\nbackscatter.unproved = \"file\"");
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
            await IsShortAsync(server, "true");

            // Room again: what was accepted is all there, and mail is taken as before.
            File.Delete(rest);
            File.Delete(ballast);
            await IsShortAsync(server, "false");
            var after = folder["after.tsv"];
            await Tool.RunAsync(storm, Arguments(server, after, 200, 2), TimeSpan.FromMinutes(1));
            Assert.All(StormC.Read(after), s => Assert.Equal(250, s.Code));
            await server.DeliveredAsync();
            var copies = StormC.Ids(server.Maildir("user")).Concat(StormC.Ids(server.Maildir("user"), "Backscatter")).ToList();
            Assert.Equal(full.Count(s => s.Code == 250) + 200, copies.Sum(c => c.Value));
            await server.StopAsync();
        }
        finally
        {
            await Tool.RunAsync("/bin/umount", ["-l", disk], Until.Bound);
        }
    }

    /// <summary>
    /// The databases' disk is full to the last octet, the spool's and the folders' is not: mail flows, what is full is named, and
    /// room makes it well.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Databases_on_a_full_disk_hold_no_mail_up(bool atStart)
    {
        Needs.Root();
        using var folder = new TempFolder();
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        await Tool.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], TimeSpan.FromMinutes(1));
        try
        {
            var (box, policy) = (folder["box"], Server.FreePort());
            using var server = await Server.StartAsync(
                disk, $"spool = {{ path = \"{folder["spool"]}\" }}", $"\"own@bench.test\" = {{ path = \"{box}\" "
                    + $"}}", listen: $"policy = \"127.0.0.1:{policy}\"");
            await SendAsync(server, "before", 3);
            await WriteToAsync(policy, 0, 10);
            await DeliveredAsync(box, 3, server);
            if (atStart)
            {
                await server.StopAsync();
            }

            var rest = Path.Combine(disk, "rest");
            Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(rest, new byte[32 << 20]));
            if (atStart)
            {
                await server.StartAsync();
            }

            await SendAsync(server, "full", 40);
            await WriteToAsync(policy, 10, 2000);
            await DeliveredAsync(box, 43, server);
            await Until.SoAsync(
                () => server.Log.Contains(Path.Combine(server.Data, "journal.db"), StringComparison.Ordinal), () => server.Log);
            File.Delete(rest);
            await SendAsync(server, "after", 3);
            await DeliveredAsync(box, 46, server);
            await server.StopAsync();
            var known = await Tool.RunAsync(
                Needs.Program("python3", "python3"), [
                    "-c",
                    $"import sqlite3; print(sqlite3.connect('{server.Data}/journal.db').execute('select count(*) from "
                        + $"recipient').fetchone()[0])"], TimeSpan.FromMinutes(1));
            Assert.Equal("2010", known.Trim());
        }
        finally
        {
            await Tool.RunAsync("/bin/umount", ["-l", disk], TimeSpan.FromMinutes(1));
        }
    }

    // Correspondents, and the learner of storms, note each of them.
    private static async Task SendAsync(Server server, string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var dialog = await Dialog.ConnectAsync(server.SmtpPort);
            await dialog.SayAsync("EHLO client.example", "250");
            await dialog.SayAsync($"MAIL FROM:<{name}{i}@far{i}.example>", "250");
            await dialog.SayAsync("RCPT TO:<own@bench.test>", "250");
            await dialog.SayAsync("DATA", "354");
            await dialog.SayAsync($"From: {name}{i}@far{i}.example\r\nSubject: {name} {i}\r\n\r\nhello\r\n.", "250");
        }
    }

    // The journal notes whom our own users write to.
    private static async Task WriteToAsync(int policy, int first, int count)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, policy, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        for (var i = first; i < first + count; i++)
        {
            var request = $"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=127.0.0.1\nsasl_username=own\n"
                + $"sender=own@bench.test\nrecipient=somebody.with.a.long.name{i}@far{i}.example\ninstance=i{i}\n\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
            Assert.StartsWith("action=", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        }
    }

    private static Task IsShortAsync(Server server, string isShort) => Until.SoAsync(
        async () => (await server.StatusAsync()).Contains($"\"roomIsShort\": {isShort}", StringComparison.Ordinal), server.StatusAsync);

    private static async Task DeliveredAsync(string box, int count, Server server)
    {
        var inbox = Path.Combine(box, "new");
        await Until.SoAsync(() => Directory.Exists(inbox) && Directory.GetFiles(inbox).Length >= count, () => server.Log);
        Assert.Equal(count, Directory.GetFiles(inbox).Length);
    }

    private static string[] Arguments(Server server, string table, int count, int seed) =>
    [
        "-p", $"{server.SmtpPort}", "-o", table, "-n", $"{count}", "-c", "20", "-L", "0", "-G", "0", "-S", $"{seed}",
        "-v", "user@bench.test",
    ];
}
