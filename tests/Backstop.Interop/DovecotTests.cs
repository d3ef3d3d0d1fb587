using System.Globalization;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MailKit.Security;

namespace Backstop.Interop;

/// <summary>The Maildir after a storm, served by a real Dovecot and read by a real client library.</summary>
public sealed class DovecotTests
{
    private static readonly MimeKit.FormatOptions _crlf = new() { NewLineFormat = MimeKit.NewLineFormat.Dos };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Imap_client_sees_every_message_in_its_folder_unread()
    {
        var dovecot = Needs.Program("dovecot", "dovecot-imapd");
        using var folder = new TempFolder();
        var storm = await StormC.BuildAsync(folder.Path);
        using var server = await Server.StartAsync(folder.Path, "backscatter.unproved = \"file\"");
        var journal = await StormC.JournalAsync(server, 100, 3);
        var sent = await StormC.RunAsync(storm, server, "-n", "3000", "-c", "20", "-j", journal, "-L", "10", "-G", "10", "-l", "victim@bench.test", "-S", "3");
        await server.DeliveredAsync(TimeSpan.FromMinutes(1));

        var port = Server.FreePort();
        await OwnAsync(server);
        using var imap = Tool.Start(dovecot, "-F", "-c", await ConfigAsync(folder, port, server.Maildir("victim")));
        using var client = await ConnectAsync(port);
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
        await server.DeliveredAsync(TimeSpan.FromMinutes(1));
        await OwnAsync(server);
        await inbox.CheckAsync(Ct);
        Assert.Single(await inbox.SearchAsync(SearchQuery.Seen, Ct));
        Assert.Single(await inbox.SearchAsync(SearchQuery.Flagged, Ct));
        Assert.Equal(sent.Count(s => s.Kind is "legit" or "genuine") + 50, inbox.Count);
        await client.DisconnectAsync(true, Ct);
    }

    // Dovecot serves no mail as root. Where the tests run as root, the mail is given to the user that Debian has for it.
    private static string MailUser => Environment.UserName == "root" ? "mail" : Environment.UserName;

    private static async Task OwnAsync(Server server)
    {
        if (Environment.UserName == "root")
        {
            await Tool.RunAsync("/bin/chown", ["-R", "mail:mail", server.Maildir("victim")], TimeSpan.FromSeconds(30));
            await Tool.RunAsync("/bin/chmod", ["-R", "a+rX", server.Data], TimeSpan.FromSeconds(30));
        }
    }

    private static async Task<ImapClient> ConnectAsync(int port)
    {
        for (var tries = 0; ; tries++)
        {
            var client = new ImapClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None, Ct);
                await client.AuthenticateAsync("victim", "secret", Ct);
                return client;
            }
            catch (Exception error) when (tries < 50 && error is System.Net.Sockets.SocketException or ImapProtocolException)
            {
                client.Dispose();
                await Task.Delay(100, Ct);
            }
        }
    }

    // Its own instance: no system user, no system file. Runs as root where the tests do, which Dovecot allows when told so.
    private static async Task<string> ConfigAsync(TempFolder folder, int port, string maildir)
    {
        var user = Environment.UserName;
        var path = folder["dovecot.conf"];
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1ED);

        // As root it wants the users of its Debian package for what needs no rights; as anybody else it can only be itself.
        var users = user == "root"
            ? "default_login_user = dovenull"
            : $"default_internal_user = {user}\ndefault_internal_group = {user}\ndefault_login_user = {user}";
        await File.WriteAllTextAsync(
            path,
            string.Create(CultureInfo.InvariantCulture, $$"""
            base_dir = {{folder["run"]}}
            state_dir = {{folder["state"]}}
            log_path = {{folder["dovecot.log"]}}
            protocols = imap
            ssl = no
            disable_plaintext_auth = no
            listen = 127.0.0.1
            first_valid_uid = 0
            first_valid_gid = 0
            {{users}}
            mail_location = maildir:{{maildir}}
            service imap-login {
              chroot =
              inet_listener imap {
                port = {{port}}
              }
              inet_listener imaps {
                port = 0
              }
            }
            service anvil {
              chroot =
            }
            passdb {
              driver = static
              args = password=secret
            }
            userdb {
              driver = static
              args = uid={{MailUser}} gid={{MailUser}} home={{folder.Path}}
            }
            """),
            Ct);
        return path;
    }
}
