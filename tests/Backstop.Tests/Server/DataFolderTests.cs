using System.Diagnostics;
using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Posix;
using Microsoft.Extensions.Logging;

namespace Backstop.Tests.Server;

/// <summary>Whom somebody writes to is nobody else's business: the data folder is its owner's.</summary>
public sealed class DataFolderTests : IDisposable
{
    private const UnixFileMode OwnerFolder = (UnixFileMode)0b111_000_000;
    private const UnixFileMode OwnerFile = (UnixFileMode)0b110_000_000;
    private const UnixFileMode OpenFolder = (UnixFileMode)0b111_101_101;
    private const UnixFileMode OpenFile = (UnixFileMode)0b110_100_100;

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Data => _folder["data"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_that_a_server_keeps_is_its_owners()
    {
        await using var server = await TestServer.StartAsync(o => BatvKeyFile.AddNew(DataPaths.BatvKeys(o)));
        await ServerMail.SendAsync(server, "<>", "me@example.org", ServerMail.BounceOf("x@y.example"));
        await server.DeliveredAsync();
        await server.StopAsync();
        Assert.Equal(OwnerFolder, File.GetUnixFileMode(server.Options.Data));
        Assert.All(Directory.GetFiles(server.Options.Data), f => Assert.Equal(OwnerFile, File.GetUnixFileMode(f)));
        Assert.All(Directory.GetDirectories(server.Options.Data), d => Assert.Equal(OwnerFolder, File.GetUnixFileMode(d)));
    }

    [Fact]
    public async Task Folder_that_was_open_is_closed_with_its_files_and_told()
    {
        using var log = new LogLines();
        string[] files = [];
        await using var server = await TestServer.StartAsync(
            o =>
            {
                Directory.CreateDirectory(Path.Combine(o.Data, "spool"), OpenFolder);
                Directory.CreateDirectory(Path.Combine(o.Data, "mail", "me@example.org"), OpenFolder);
                File.SetUnixFileMode(o.Data, OpenFolder);
                files = [.. new[] { "journal.db", "correspondents.db", "bayes.db" }.Select(n => Path.Combine(o.Data, n))];
                foreach (var file in files)
                {
                    File.WriteAllBytes(file, []);
                    File.SetUnixFileMode(file, OpenFile);
                }
            },
            logging: l => l.AddProvider(log));
        Assert.All(files, f => Assert.Equal(OwnerFile, File.GetUnixFileMode(f)));
        Assert.Equal(OwnerFolder, File.GetUnixFileMode(server.Options.Data));
        Assert.Equal(OwnerFolder, File.GetUnixFileMode(DataPaths.Spool(server.Options)));
        Assert.Contains($"{server.Options.Data} could be read by other users of this host; it is closed to them now", log.All);
    }

    /// <summary>
    /// An administrator who has opened the mailboxes in it to an IMAP server, or put a socket there, has done so for a reason.
    /// </summary>
    [Theory]
    [InlineData("mail/me@example.org/Maildir", "", "")]
    [InlineData("homes/me", "", "homes/me")]
    [InlineData("", "table.sock", "")]
    public void Folder_that_others_use_stays_open_and_its_files_do_not(string folder, string socket, string mailbox)
    {
        Directory.CreateDirectory(Path.Combine(Data, folder), OpenFolder);
        File.SetUnixFileMode(Data, OpenFolder);
        File.WriteAllBytes(Path.Combine(Data, "journal.db"), []);
        File.SetUnixFileMode(Path.Combine(Data, "journal.db"), OpenFile);
        var options = new BackstopOptions
        {
            Data = Data,
            Listen = new() { TableSocket = socket.Length > 0 ? Path.Combine(Data, socket) : "" }
        };
        options.Mailboxes["me@example.org"] = new() { Path = mailbox.Length > 0 ? Path.Combine(Data, mailbox) : "" };
        var said = DataFolder.Close(options);
        var lies = Path.Combine(Data, folder + socket);
        Assert.Equal(2, said.Count);
        Assert.Equal(
            $"{Data} stays open to other users because {lies} is in it; move {lies} elsewhere and run chmod 700 {Data}",
            said[1]);
        Assert.Equal(OpenFolder, File.GetUnixFileMode(Data));
        Assert.Equal(OwnerFile, File.GetUnixFileMode(Path.Combine(Data, "journal.db")));
    }

    /// <summary>A mailbox that we may not look into is its owner's, and he must get to it.</summary>
    [Theory]
    [InlineData("mail")]
    [InlineData("mail/me@example.org")]
    public void Folder_with_a_mailbox_of_somebody_else_stays_open(string closed)
    {
        Directory.CreateDirectory(Path.Combine(Data, "mail", "me@example.org"), OpenFolder);
        File.SetUnixFileMode(Path.Combine(Data, closed), OwnerFolder);
        File.SetUnixFileMode(Data, OpenFolder);
        File.SetUnixFileMode(_folder.Path, OpenFolder);
        if (Environment.IsPrivilegedProcess)
        {
            FileOwner.Give(Data, OtherUser.Nobody, OtherUser.Nobody);
        }

        IReadOnlyList<string> said = [];
        OtherUser.Run(() => said = DataFolder.Close(new BackstopOptions { Data = Data }));
        var lies = Path.Combine(Data, closed);
        Assert.Contains($"{Data} stays open to other users because {lies} is in it; move {lies} elsewhere and run chmod 700 {Data}", said);
        Assert.Equal(OpenFolder, File.GetUnixFileMode(Data));
    }

    /// <summary>What a root user's command makes, the server can read that is not root.</summary>
    [Fact]
    public void What_root_makes_belongs_to_whose_the_folder_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root gives files away");
        Directory.CreateDirectory(Data);
        FileOwner.Give(Data, OtherUser.Nobody, OtherUser.Nobody);
        var options = new BackstopOptions { Data = Data };
        BatvKeyFile.AddNew(DataPaths.BatvKeys(options));
        BatvKeyFile.AddNew(DataPaths.BatvKeys(options));
        DataFolder.MakeFile(DataPaths.Journal(options));
        Assert.Equal((OtherUser.Nobody, OtherUser.Nobody), FileOwner.Of(DataPaths.BatvKeys(options)));
        Assert.Equal((OtherUser.Nobody, OtherUser.Nobody), FileOwner.Of(DataPaths.Journal(options)));
        Assert.Equal(OwnerFile, File.GetUnixFileMode(DataPaths.Journal(options)));
    }

    /// <summary>Whatever else a server makes, now or in a version to come, is for its own user.</summary>
    [Fact]
    public async Task Server_runs_with_umask_077()
    {
        var config = _folder["b.toml"];
        await File.WriteAllTextAsync(config, $"listen.web = \"127.0.0.1:0\"\nlisten.spamd = \"127.0.0.1:0\"\ndata = \"{Data}\"\n", Ct);
        using var server = Process.Start(
            new ProcessStartInfo(
                "dotnet", [
                    Path.Combine(
                        AppContext.BaseDirectory, "backstop.dll"), "serve", "--config", config])
            {
                RedirectStandardOutput = true,

                // What it logs is no part of what a run of tests prints.
                RedirectStandardError = true,
                UseShellExecute = false
            })!;
        try
        {
            string? line;
            do
            {
                line = await server.StandardOutput.ReadLineAsync(Ct);
            }
            while (line is not (null or "ready"));

            Assert.Equal("ready", line);
            Assert.Contains("Umask:\t0077\n", await File.ReadAllTextAsync($"/proc/{server.Id}/status", Ct), StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(Ct);
        }
    }
}
