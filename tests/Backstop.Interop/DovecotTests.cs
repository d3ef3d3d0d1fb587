using MailKit;
using MailKit.Search;

namespace Backstop.Interop;

/// <summary>The Maildir after a storm, served by a real Dovecot and read by a real client library.</summary>
public sealed class DovecotTests
{
    private static readonly MimeKit.FormatOptions _crlf = new() { NewLineFormat = MimeKit.NewLineFormat.Dos };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Imap_client_sees_every_message_in_its_folder_unread()
    {
        Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        using var server = await Server.StartAsync(folder.Path, "backscatter.unproved = \"file\"");
        var journal = await StormC.JournalAsync(server, 100, 3);
        var sent = await StormC.RunAsync(
            storm, server, "-n", "3000", "-c", "20", "-j", journal, "-L", "10", "-G", "10", "-l", "victim@bench.test", "-S", "3");
        await server.DeliveredAsync();

        await OwnAsync(server);
        using var dovecot = await Dovecot.StartAsync(folder, server.Maildir("victim"));
        using var client = await dovecot.ConnectAsync("victim");
        var inbox = client.Inbox!;
        await inbox.OpenAsync(FolderAccess.ReadWrite, Ct);
        Assert.Equal(sent.Count(s => s.Kind is "legit" or "genuine"), inbox.Count);
        Assert.Equal(inbox.Count, (await inbox.SearchAsync(SearchQuery.NotSeen, Ct)).Count);
        var backscatter = await client.GetFolderAsync("Backscatter", Ct);
        await backscatter.OpenAsync(FolderAccess.ReadOnly, Ct);
        Assert.Equal(sent.Count(s => s.Kind == "forged"), backscatter.Count);
        await inbox.OpenAsync(FolderAccess.ReadWrite, Ct);

        // The sizes in the file names are true: Dovecot believes them, and the message must be as long as it was told.
        foreach (var summary in await inbox.FetchAsync(0, 20, MessageSummaryItems.Size | MessageSummaryItems.UniqueId, Ct))
        {
            using var content = new MemoryStream();
            await (await inbox.GetMessageAsync(summary.UniqueId, Ct)).WriteToAsync(_crlf, content, Ct);
            Assert.Equal((long)summary.Size!.Value, content.Length);
        }

        // Flags set by the client are kept while more mail arrives.
        await inbox.AddFlagsAsync(0, MessageFlags.Seen | MessageFlags.Flagged, true, Ct);
        await StormC.RunAsync(storm, server, "-n", "50", "-c", "5", "-L", "100", "-l", "victim@bench.test", "-S", "4");
        await server.DeliveredAsync();
        await OwnAsync(server);
        await inbox.CheckAsync(Ct);
        Assert.Single(await inbox.SearchAsync(SearchQuery.Seen, Ct));
        Assert.Single(await inbox.SearchAsync(SearchQuery.Flagged, Ct));
        Assert.Equal(sent.Count(s => s.Kind is "legit" or "genuine") + 50, inbox.Count);
        await client.DisconnectAsync(true, Ct);
    }

    private static async Task OwnAsync(Server server)
    {
        await Dovecot.OwnAsync(server.Maildir("victim"));
        await Tool.RunAsync("/bin/chmod", ["-R", "a+rX", server.Data], Until.Bound);
    }
}
