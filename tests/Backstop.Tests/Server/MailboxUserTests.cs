using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Tests.Server;

/// <summary>Whose a mailbox is, and whether this process can deliver there.</summary>
public sealed class MailboxUserTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Root_delivers_as_the_owner_of_the_path_or_of_what_is_there_of_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        Assert.Null(Of(_folder["mail/Maildir"]));
        Directory.CreateDirectory(_folder["mail"]);
        FileOwner.Give(_folder["mail"], OtherUser.Nobody, OtherUser.Nobody);
        Assert.Equal("nobody", Of(_folder["mail/a/b/Maildir"])?.Name);
        Directory.CreateDirectory(_folder["mail/a"]);
        Assert.Null(Of(_folder["mail/a/b/Maildir"]));
    }

    /// <summary>The link's maker decides nothing about the owner of what it leads to.</summary>
    [Fact]
    public void A_link_belongs_to_who_has_made_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        Directory.CreateDirectory(_folder["target"]);
        File.CreateSymbolicLink(_folder["link"], _folder["target"]);
        FileOwner.Give(_folder["link"], OtherUser.Nobody, OtherUser.Nobody);
        Assert.Equal("nobody", Of(_folder["link"])?.Name);
    }

    [Fact]
    public void A_key_says_more_than_the_owner()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        Assert.Equal("nobody", MailboxUser.Of(new() { User = "nobody", Path = _folder["Maildir"] })?.Name);
        Assert.Equal("nobody", MailboxUser.Of(new() { User = "65534", Path = _folder["Maildir"] })?.Name);
        Assert.Null(MailboxUser.Of(new()));
    }

    [Fact]
    public void An_owner_without_an_account_is_an_error()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        Directory.CreateDirectory(_folder["mail"]);
        FileOwner.Give(_folder["mail"], 61_234, 61_234);
        Assert.Contains("belongs to user 61234", Assert.Single(Check(new() { Path = _folder["mail"] })), StringComparison.Ordinal);
        Assert.Empty(Check(new() { Path = _folder["mail"], User = "nobody" }));
    }

    [Fact]
    public void Without_the_rights_only_the_own_user_will_do() => OtherUser.Run(() =>
    {
        Assert.Empty(Check(new() { Path = "/home/x/Maildir", User = "nobody" }));
        Assert.Null(MailboxUser.Of(new() { Path = "/home/x/Maildir", User = "nobody" }));
        Assert.Contains(
            "key.user: only root can deliver as games, and this is user 65534",
            Assert.Single(Check(new() { Path = "/home/x/Maildir", User = "games" })), StringComparison.Ordinal);
        Assert.Empty(Check(new() { Path = "/root/Maildir" }));
    });

    private static UserAccount? Of(string path) => MailboxUser.Of(new() { Path = path });

    private static List<string> Check(MailboxOptions mailbox)
    {
        var problems = new Problems();
        MailboxUser.Check(mailbox, problems, "key");
        return problems.All;
    }

    private sealed class Problems : IConfigProblems
    {
        public List<string> All { get; } = [];

        public void Add(string key, string message) => All.Add($"{key}: {message}");

        public void Warn(string key, string message) => All.Add($"{key}: {message}");
    }
}
