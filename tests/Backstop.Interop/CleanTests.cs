using System.Text;
using Backstop.Mailboxes.Reading;

namespace Backstop.Interop;

/// <summary>
/// <c>clean</c> as people run it, on floods made from seeds, on mail of others, and beside programs that use the mailbox too.
/// </summary>
public sealed class CleanTests
{
    // How long the program needs before anything can move, and until it is done, on a slow machine: kills fall in between.
    private static readonly (int First, int Last) _killAfterMs = (350, 3_500);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A seed that nobody has chosen: what holds for it was not made for it.</summary>
    private static int AnySeed
    {
        get
        {
            var seed = Random.Shared.Next(1_000_000);
            TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
            return seed;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Wanted_mail_stays_and_backscatter_is_found(bool isHard)
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 19_500, isHard ? ["--hard"] : []);
        var (lost, found, unsure) = flood.Judge(
            await flood.RunAsync(1, "clean", flood.Maildir, "--sent", flood.Sent, "--show", "all"), flood.NumberOfFile);
        Assert.Equal(0, lost);
        Assert.InRange(found, 19_305, 19_500);
        Assert.InRange(unsure, 0, 195);
        Assert.Equal(
            (lost, found, unsure),
            flood.Judge(await flood.RunAsync(1, "clean", flood.Mbox, "--sent", flood.Sent, "--show", "all"), Flood.NumberInMbox));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Apply_and_undo_give_back_every_octet(bool isDelete)
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 4_000);
        foreach (var mailbox in new[] { flood.Maildir, flood.Mbox })
        {
            var before = await Flood.FingerprintAsync(mailbox);
            string[] clean = [
                "clean", mailbox, "--sent", flood.Sent, "--apply", "--json", .. isDelete ? ["--delete"] : Array.Empty<string>()];
            var done = Flood.Summary(await flood.RunAsync(0, clean));
            Assert.Equal(
                (4_500, 500, 4_000),
                (done.GetProperty("messages").GetInt32(), done.GetProperty("kept").GetInt32(), done.GetProperty("moved").GetInt32()));
            Assert.NotEqual(before, await Flood.FingerprintAsync(mailbox));
            var again = Flood.Summary(await flood.RunAsync(0, clean));
            Assert.Equal((500, 0), (again.GetProperty("messages").GetInt32(), again.GetProperty("moved").GetInt32()));
            await flood.RunAsync(0, "undo", done.GetProperty("run").GetString()!);
            Assert.Equal(before, await Flood.FingerprintAsync(mailbox));
            Assert.False(Directory.Exists(flood.Maildir + "/.Backscatter") || File.Exists(flood.Mbox + ".Backscatter"));
        }
    }

    /// <summary>
    /// Nothing is lost and nothing is doubled, wherever a kill falls; and one undo takes back all that the killed runs did.
    /// </summary>
    [Fact]
    public async Task Killed_runs_leave_every_message_in_one_place()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 19_500);
        var before = (await Flood.FingerprintAsync(flood.Maildir), await Flood.FingerprintAsync(flood.Mbox));
        var names = Names(flood.Maildir);
        for (var round = 0; round < 20; round++)
        {
            var mailbox = round % 2 == 0 ? flood.Maildir : flood.Mbox;
            var length = flood.LogLength;
            using var tool = flood.Start("clean", mailbox, "--sent", flood.Sent, "--apply");
            await Task.Delay(Random.Shared.Next(_killAfterMs.First, _killAfterMs.Last), Ct);
            if (round % 3 == 0 && !tool.HasEnded && flood.LogLength == length)
            {
                // Not by chance: into the moving itself.
                await Task.WhenAny(flood.WaitForLogAsync(length), tool.EndedAsync());
                await Task.Delay(Random.Shared.Next(0, 300), Ct);
            }

            await tool.KillAsync();
            if (round % 2 == 0)
            {
                Assert.Equal(names, Names(flood.Maildir));
            }

            // Now and then everything is taken back, and that is killed too.
            if (round % 4 == 3)
            {
                await KillUndoAsync(flood, flood.Maildir);
                await KillUndoAsync(flood, flood.Mbox);
                Assert.Equal(names, Names(flood.Maildir));
            }
        }

        foreach (var mailbox in new[] { flood.Maildir, flood.Mbox })
        {
            await UndoAllAsync(flood, mailbox);
            var run = Flood.Summary(await flood.RunAsync(0, "clean", mailbox, "--sent", flood.Sent, "--apply", "--json"));
            Assert.Equal(500, run.GetProperty("kept").GetInt32());
            await flood.RunAsync(0, "undo", run.GetProperty("run").GetString()!);
        }

        Assert.Equal(before, (await Flood.FingerprintAsync(flood.Maildir), await Flood.FingerprintAsync(flood.Mbox)));
    }

    /// <summary>
    /// An mbox is rewritten in place in a few milliseconds: a kill that waits for them falls in between, and mail that then comes
    /// stays, too.
    /// </summary>
    [Fact]
    public async Task Mbox_that_a_kill_left_half_rewritten_is_whole_again()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 19_500, "--format", "mbox");
        var original = await File.ReadAllBytesAsync(flood.Mbox, Ct);
        var halves = 0;
        for (var round = 0; round < 12; round++)
        {
            using (var tool = flood.Start("clean", flood.Mbox, "--sent", flood.Sent, "--apply"))
            {
                await flood.WaitForLogAsync("\"op\":\"edits\"");
                if (round % 3 > 0)
                {
                    await Task.Delay(Random.Shared.Next(0, 60), Ct);
                }

                await tool.KillAsync();
            }

            halves += new FileInfo(flood.Mbox).Length == original.Length && File.Exists(flood.Mbox + ".Backscatter") ? 1 : 0;
            var arrived = Encoding.ASCII.GetBytes(
                round % 2 == 0 ? "" : $"From a@b Tue Apr  1 05:00:00 2008\nSubject: arrived {round}\n\nhello\n\n");
            await File.AppendAllBytesAsync(flood.Mbox, arrived, Ct);
            if (round % 4 < 2)
            {
                await flood.RunAsync(0, "clean", flood.Mbox, "--sent", flood.Sent, "--apply");
                Assert.Equal(500 + (arrived.Length > 0 ? 1 : 0), MessageFiles.Read(flood.Mbox).Count());
                Assert.Equal(19_500, MessageFiles.Read(flood.Mbox + ".Backscatter").Count());
            }

            await UndoAllAsync(flood, flood.Mbox);
            byte[] wanted = [.. original, .. arrived];
            Assert.Equal(wanted, await File.ReadAllBytesAsync(flood.Mbox, Ct));
            Assert.False(File.Exists(flood.Mbox + ".Backscatter") || File.Exists(flood.Mbox + ".lock"));
            await File.WriteAllBytesAsync(flood.Mbox, original, Ct);
        }

        Assert.NotEqual(0, halves);
    }

    /// <summary>At a terminal: a bar while it reads, a table of 80 columns, and what to do where nothing that was sent is known.</summary>
    [Fact]
    public async Task Table_fits_a_terminal_and_without_sent_mail_nothing_counts_as_backscatter()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], 41, 2_000, "--format", "maildir");
        var command = $"stty cols 80 rows 40; XDG_STATE_HOME={folder["state"]} {Server.Launcher} clean {flood.Maildir}";
        var output = await Tool.RunAsync("/usr/bin/script", ["-qec", command, "/dev/null"], TimeSpan.FromMinutes(1));
        Assert.Contains("unsure, left alone: 2,035 messages", output, StringComparison.Ordinal);
        Assert.Contains("Name your Sent folder with --sent", output, StringComparison.Ordinal);
        Assert.Contains("known of your sent mail: nothing", output, StringComparison.Ordinal);
        Assert.Contains("Nothing to move.", output, StringComparison.Ordinal);
        Assert.All(
            output.Split('\n').SkipWhile(l => !l.Contains("unsure, left alone", StringComparison.Ordinal)).Skip(1)
                .Where(l => !l.Contains("--no-sent", StringComparison.Ordinal)),
            l => Assert.InRange(l.TrimEnd().Length, 0, 80));
    }

    /// <summary>The Sent folder beside the mailbox is found, and one campaign can be taken or left.</summary>
    [Fact]
    public async Task Sent_folder_is_found_and_campaigns_are_chosen()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], 42, 2_000, "--format", "maildir");
        foreach (var part in new[] { "cur", "new", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(flood.Maildir, ".Sent", part));
        }

        var number = 0;
        foreach (var sent in File.ReadLines(flood.Sent).Select(l => l.Split('\t')))
        {
            var message = $"From: carl@example.org\nTo: {sent[1]}\nMessage-ID: {sent[0]}\nDate: Mon, 31 Mar 2008 12:00:00 "
                + $"+0000\nSubject: x\n\nhello\n";
            await File.WriteAllTextAsync(Path.Combine(flood.Maildir, ".Sent/cur", $"{++number}.x:2,S"), message, Ct);
        }

        var all = (await flood.RunAsync(1, "clean", flood.Maildir, "--json")).Split('\n');
        var campaigns = all.Where(l => l.Contains("\"type\":\"campaign\"", StringComparison.Ordinal))
            .Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(
            (2_000, 500), (campaigns.Sum(c => c.GetProperty("count").GetInt32()), Flood.Summary(all[^1]).GetProperty("kept").GetInt32()));
        var (id, count) = (campaigns[0].GetProperty("campaign").GetString()!, campaigns[0].GetProperty("count").GetInt32());
        Assert.Equal(
            count,
            (await flood.RunAsync(1, "clean", flood.Maildir, "--show", id)).Split('\n').Count(l =>
                l.StartsWith("backscatter ", StringComparison.Ordinal)));
        Assert.Equal(count, Moved(await flood.RunAsync(0, "clean", flood.Maildir, "--json", "--apply", "--only", id, "--to", "One")));
        Assert.Equal(count, Directory.EnumerateFiles(flood.Maildir + "/.One/cur").Count());
        var other = campaigns[1].GetProperty("campaign").GetString()!;
        Assert.Equal(
            2_000 - count - campaigns[1].GetProperty("count").GetInt32(),
            Moved(await flood.RunAsync(0, "clean", flood.Maildir, "--json", "--apply", "--except", other, "--to", "Rest")));
        Assert.Equal(0, Moved(await flood.RunAsync(0, "clean", flood.Maildir, "--json", "--apply", "--until", "2008-04-01T05:00")));
        Assert.Contains(
            "no such campaign", await flood.RunAsync(64, "clean", flood.Maildir, "--only", "zzzz"), StringComparison.Ordinal);
    }

    private static int Moved(string output) => Flood.Summary(output).GetProperty("moved").GetInt32();

    /// <summary>Another program delivers to the mbox all the while, under the locks of its kind.</summary>
    [Fact]
    public async Task Mail_that_arrives_meanwhile_is_neither_lost_nor_doubled()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 3_000, "--format", "mbox");
        await File.WriteAllTextAsync(folder["writer.py"], Writer, Ct);
        using var writer = Tool.Start(Needs.Program("python3", "python3"), folder["writer.py"], flood.Mbox);
        await writer.WaitForAsync("10", Until.Bound);
        for (var round = 0; round < 4; round++)
        {
            var run = Flood.Summary(await flood.RunAsync(0, "clean", flood.Mbox, "--sent", flood.Sent, "--apply", "--json"))
                .GetProperty("run").GetString();
            if (run is not null)
            {
                await flood.RunAsync(0, "undo", run);
            }
        }

        await writer.WaitForAsync("done", Until.Bound);
        var subjects = MessageFiles.Read(flood.Mbox).Select(m => Encoding.Latin1.GetString(m.Bytes.Span))
            .Where(m => m.Contains("Subject: arrived ", StringComparison.Ordinal)).ToList();
        Assert.Equal(300, subjects.Count);
        Assert.Equal(300, subjects.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(3_800, MessageFiles.Read(flood.Mbox).Count());
    }

    /// <summary>5,000 real mails, and nothing known of what was sent: no ham goes, whatever its owner is told to allow.</summary>
    [Fact]
    public async Task No_ham_of_the_corpora_moves()
    {
        using var folder = new TempFolder();
        foreach (var part in new[] { "cur", "new", "tmp" })
        {
            Directory.CreateDirectory(folder["box/" + part]);
        }

        var ham = await UnpackAsync(folder, "mail-open", columns => columns[1] == "ham");
        ham.UnionWith(await UnpackAsync(folder, "spamassassin-open", columns => columns[0].Contains("ham", StringComparison.Ordinal)));
        Assert.InRange(Directory.EnumerateFiles(folder["box/cur"]).Count(), 4_800, 6_000);
        Assert.InRange(ham.Count, 2_400, 4_000);
        var clean = new Dictionary<string, string> { ["XDG_STATE_HOME"] = folder["state"] };
        await Tool.RunWithAsync(clean, "", Server.Launcher, ["clean", folder["box"], "--no-sent", "--apply"], TimeSpan.FromMinutes(2));

        // The one is a scanner's DSN that the corpus has filed under ham.
        var moved = Directory.EnumerateFiles(folder["box/.Backscatter/cur"]).Select(f => Path.GetFileName(f)).ToList();
        Assert.InRange(moved.Count, 600, 1_000);
        Assert.InRange(moved.Count(ham.Contains), 0, 1);
    }

    /// <summary>An access map that Postfix reads, and a zone that rbldnsd serves.</summary>
    [Fact]
    public async Task Hosts_are_listed_for_other_programs()
    {
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], AnySeed, 500, "--format", "maildir");
        await flood.RunAsync(
            1, "clean", flood.Maildir, "--sent", flood.Sent, "--hosts", folder["plain"], "--hosts-postfix", folder["map"],
            "--hosts-rbldnsd", folder["zone"], "--report", folder["report.html"]);
        var hosts = File.ReadLines(folder["plain"]).Where(l => !l.StartsWith('#')).ToList();
        Assert.InRange(hosts.Count, 450, 500);
        var postmap = Needs.Program("postmap", "postfix");
        await Tool.RunAsync(postmap, ["hash:" + folder["map"]], Until.Bound);
        Assert.StartsWith(
            "REJECT backscatter", await Tool.RunAsync(postmap, ["-q", hosts[0], "hash:" + folder["map"]], Until.Bound),
            StringComparison.Ordinal);
        Assert.Equal(
            "backscatterers", (await Tool.RunAsync(postmap, ["-q", "<>", "inline:{ {<> = backscatterers} }"], Until.Bound)).Trim());
        Assert.Equal(hosts.Count, File.ReadLines(folder["zone"]).Count(l => l.Length > 0 && char.IsAsciiDigit(l[0])));
        await AskRbldnsdAsync(folder, hosts[0]);
        Assert.Contains("<svg", await File.ReadAllTextAsync(folder["report.html"], Ct), StringComparison.Ordinal);
    }

    private static async Task AskRbldnsdAsync(TempFolder folder, string listed)
    {
        var program = Needs.Peer("usr/sbin/rbldnsd", "rbldnsd");
        var port = Server.FreePort();

        // It refuses to be root, and nobody must be able to read the zone.
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1ED);
        string[] user = Environment.UserName == "root" ? ["-u", "nobody:nogroup"] : [];
        using var daemon = Tool.Start(program, ["-n", .. user, "-b", $"127.0.0.1/{port}", "-w", folder.Path, "bl.test:ip4set:zone"]);
        await daemon.WaitForAsync("started", Until.Bound);
        var dns = new DnsClient.LookupClient(System.Net.IPAddress.Loopback, port);
        var answer = await dns.QueryAsync(Name(listed), DnsClient.QueryType.A, cancellationToken: Ct);
        Assert.Equal("127.0.0.2", Assert.Single(answer.Answers.OfType<DnsClient.Protocol.ARecord>()).Address.ToString());
        Assert.Empty((await dns.QueryAsync(Name("203.0.113.200"), DnsClient.QueryType.A, cancellationToken: Ct)).Answers);

        static string Name(string address) => string.Join('.', address.Split('.').Reverse()) + ".bl.test";
    }

    private static async Task<HashSet<string>> UnpackAsync(TempFolder folder, string name, Func<string[], bool> isHam)
    {
        Directory.CreateDirectory(folder[name]);
        await Tool.RunAsync("/bin/tar", ["-xJf", Needs.Shared($"corpora/{name}.tar.xz"), "-C", folder[name]], TimeSpan.FromMinutes(2));
        var labels = Directory.EnumerateFiles(folder[name], "*.tsv").SelectMany(f => File.ReadLines(f)).Select(l => l.Split('\t')).ToList();
        var ham = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder[name], "*.eml", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(folder[name], file);
            var target = $"{name}-{path.Replace('/', '-').Replace(':', '-').Replace(',', '-')}";
            File.Move(file, folder["box/cur/" + target]);
            if (isHam(labels.Find(l => l[0] == path || path.EndsWith("/" + l[0], StringComparison.Ordinal)) ?? [path, ""]))
            {
                ham.Add(target);
            }
        }

        return ham;
    }

    private static async Task KillUndoAsync(Flood flood, string mailbox)
    {
        var last = (await flood.RunAsync(0, "undo")).Split('\n')
            .FirstOrDefault(l => l.EndsWith(mailbox, StringComparison.Ordinal) && !l.Contains(" undone ", StringComparison.Ordinal));
        if (last is not null)
        {
            using var tool = flood.Start("undo", last.Split(' ')[0]);
            await Task.Delay(Random.Shared.Next(150, 700), Ct);
            await tool.KillAsync();
            await flood.RunAsync([0, 64], "undo", last.Split(' ')[0]);
        }
    }

    private static async Task UndoAllAsync(Flood flood, string mailbox)
    {
        foreach (
            var line in (await flood.RunAsync(0, "undo")).Split('\n').Where(l =>
                l.EndsWith(mailbox, StringComparison.Ordinal) && !l.Contains(" undone ", StringComparison.Ordinal)))
        {
            await flood.RunAsync(0, "undo", line.Split(' ')[0]);
        }
    }

    private static List<string> Names(string maildir) =>
        [.. Directory.EnumerateFiles(
            maildir, "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)).Where(f => f != "maildirfolder")
            .Order(StringComparer.Ordinal)];

    // Python's own mailbox module: a dot-lock and an fcntl lock for every message.
    private const string Writer = """
        import mailbox, sys, time
        for number in range(300):
            box = mailbox.mbox(sys.argv[1])
            while True:
                try:
                    box.lock()
                    break
                except mailbox.ExternalClashError:
                    time.sleep(0.01)
            try:
                with open(sys.argv[1], "ab") as file:
                    file.write(b"From a@b Tue Apr  1 05:00:00 2008\nFrom: a@b\nTo: c@d\nSubject: arrived %d\n\nhello\n\n" % number)
            finally:
                box.unlock()
                box.close()
            print(number, flush=True)
            time.sleep(0.03)
        print("done", flush=True)
        """;
}
