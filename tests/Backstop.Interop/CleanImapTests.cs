using System.Globalization;
using MailKit;

namespace Backstop.Interop;

/// <summary><c>clean</c> over IMAP, with a real Dovecot that serves a flooded Maildir.</summary>
public sealed class CleanImapTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Flood_is_moved_and_comes_back_with_flags_and_dates()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], 31, 19_500, "--format", "maildir", "--hard");
        await Dovecot.OwnAsync(flood.Maildir);
        using var dovecot = await Dovecot.StartAsync(folder, flood.Maildir);
        var before = await SnapshotAsync(dovecot, "INBOX");
        string[] clean = ["clean", $"imaps://me@localhost:{dovecot.TlsPort}", "--ca", dovecot.Certificate, "--sent", flood.Sent];

        var dry = Flood.Summary(await flood.RunAsync(1, [.. clean, "--json"]));
        Assert.Equal((20_000, 0), (dry.GetProperty("messages").GetInt32(), dry.GetProperty("moved").GetInt32()));
        Assert.Equal(before, await SnapshotAsync(dovecot, "INBOX"));

        var applied = Flood.Summary(await flood.RunAsync(0, [.. clean, "--json", "--apply"]));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"dry run {dry.GetProperty("seconds")} s, apply {applied.GetProperty("seconds")} s, {applied.GetProperty("moved")} moved, "
                + $"{applied.GetProperty("unsure")} unsure");
        Assert.InRange(applied.GetProperty("moved").GetInt32(), 19_305, 19_500);
        Assert.Equal(applied.GetProperty("backscatter").GetInt32(), applied.GetProperty("moved").GetInt32());
        Assert.Equal(applied.GetProperty("moved").GetInt32(), (await SnapshotAsync(dovecot, "Backscatter")).Count);
        var left = await SnapshotAsync(dovecot, "INBOX");
        Assert.Equal(20_000 - applied.GetProperty("moved").GetInt32(), left.Count);
        var wanted = File.ReadLines(Path.Combine(flood.Folder, "truth.tsv")).Select(l => l.Split('\t')).Where(c => c[2] == "keep")
            .Select(c => c[4]).ToList();
        Assert.Equal(500, wanted.Count(id => left.Exists(m => m.Contains(id, StringComparison.Ordinal))));

        Assert.Contains(
            "messages are back", await flood.RunAsync(0, "undo", applied.GetProperty("run").GetString()!, "--ca", dovecot.Certificate),
            StringComparison.Ordinal);
        Assert.Equal(before, await SnapshotAsync(dovecot, "INBOX"));
        using var client = await dovecot.ConnectAsync("me");
        await Assert.ThrowsAsync<FolderNotFoundException>(() => client.GetFolderAsync("Backscatter", Ct));
    }

    [Fact]
    public async Task Killed_runs_lose_nothing_double_nothing_and_are_taken_back_as_one()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], 32, 4_000, "--format", "maildir");
        await Dovecot.OwnAsync(flood.Maildir);
        using var dovecot = await Dovecot.StartAsync(folder, flood.Maildir);
        var all = await SnapshotAsync(dovecot, "INBOX");
        string[] clean = [
            "clean", $"imap://me@localhost:{dovecot.Port}/INBOX", "--ca", dovecot.Certificate, "--sent", flood.Sent, "--apply",
            "--rate", "400", "--json"];
        for (var round = 0; round < 6; round++)
        {
            // A batch and the second that it may take: the kill falls into its middle, or between two.
            var before = flood.LogLength;
            using var tool = flood.Start(clean);
            await flood.WaitForLogAsync(before + 1_000);
            await Task.Delay(Random.Shared.Next(0, 1_200), Ct);
            await tool.KillAsync();
            Assert.Equal(
                all,
                (await SnapshotAsync(dovecot, "INBOX")).Concat(await SnapshotAsync(dovecot, "Backscatter")).Order(StringComparer.Ordinal));
        }

        Assert.NotEmpty(await SnapshotAsync(dovecot, "Backscatter"));
        clean[^2] = "100000";
        var last = Flood.Summary(await flood.RunAsync(0, clean));
        Assert.Equal(500, (await SnapshotAsync(dovecot, "INBOX")).Count);
        await flood.RunAsync(0, "undo", last.GetProperty("run").GetString()!, "--ca", dovecot.Certificate);
        Assert.Equal(all, await SnapshotAsync(dovecot, "INBOX"));
    }

    [Fact]
    public async Task Deleted_messages_come_back_from_the_run_until_it_is_forgotten()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        var flood = await Flood.MakeAsync(folder["flood"], 33, 1_000, "--format", "maildir");
        await Dovecot.OwnAsync(flood.Maildir);
        using var dovecot = await Dovecot.StartAsync(folder, flood.Maildir);
        var before = await SnapshotAsync(dovecot, "INBOX");
        string[] clean = [
            "clean", $"imap://me@localhost:{dovecot.Port}", "--ca", dovecot.Certificate, "--sent", flood.Sent, "--apply", "--delete",
            "--json"];
        var run = Flood.Summary(await flood.RunAsync(0, clean)).GetProperty("run").GetString()!;
        Assert.Equal(500, (await SnapshotAsync(dovecot, "INBOX")).Count);
        await flood.RunAsync(0, "undo", run, "--ca", dovecot.Certificate);
        Assert.Equal(before, await SnapshotAsync(dovecot, "INBOX"));
        run = Flood.Summary(await flood.RunAsync(0, clean)).GetProperty("run").GetString()!;
        Assert.Contains("cannot be taken back", await flood.RunAsync(0, "undo", "--forget", run), StringComparison.Ordinal);
        await flood.RunAsync(66, "undo", run, "--ca", dovecot.Certificate);
    }

    // Message-ID, flags, date and size of every message, in an order of their own: a move gives other numbers.
    private static async Task<List<string>> SnapshotAsync(Dovecot dovecot, string name)
    {
        using var client = await dovecot.ConnectAsync("me");
        IMailFolder folder;
        try
        {
            folder = await client.GetFolderAsync(name, Ct);
        }
        catch (FolderNotFoundException)
        {
            return [];
        }

        await folder.OpenAsync(FolderAccess.ReadOnly, Ct);
        var all = folder.Count == 0
            ? []
            : await folder.FetchAsync(
            0, -1,
            MessageSummaryItems.Flags | MessageSummaryItems.InternalDate | MessageSummaryItems.Size | MessageSummaryItems.Envelope, Ct);
        return [.. all.Select(m =>
            string.Create(
                CultureInfo.InvariantCulture, $"<{m.Envelope!.MessageId}> {m.Flags & ~MessageFlags.Recent} {m.InternalDate:O} "
                    + $"{m.Size}")).Order(StringComparer.Ordinal)];
    }
}
