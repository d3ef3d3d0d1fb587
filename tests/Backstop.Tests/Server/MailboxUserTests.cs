using Backstop.Configuration.Options;
using Backstop.Posix;

namespace Backstop.Tests.Server;

/// <summary>Whose a mailbox is, and whether this process can deliver there.</summary>
public sealed class MailboxUserTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What an owner may change decides nothing: servers that write such folders today go on as they are.</summary>
    [Fact]
    public void Only_the_key_says_whose_a_mailbox_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can deliver as another user");
        Directory.CreateDirectory(_folder["mail"]);
        FileOwner.Give(_folder["mail"], OtherUser.Nobody, OtherUser.Nobody);
        Assert.Null(MailboxUser.Of(new() { Path = _folder["mail"] }));
        Assert.Empty(Check(new() { Path = _folder["mail"] }));
        Assert.Equal("nobody", MailboxUser.Of(new() { User = "nobody", Path = _folder["Maildir"] })?.Name);
        Assert.Equal("nobody", MailboxUser.Of(new() { User = "65534", Path = _folder["Maildir"] })?.Name);
    }

    [Fact]
    public void Nothing_is_opened_as_root_where_a_user_owns_the_path_or_what_is_there_of_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        Assert.False(MailboxUser.IsOfOther(_folder["mail/Maildir"]));
        Directory.CreateDirectory(_folder["mail"]);
        FileOwner.Give(_folder["mail"], 61_234, 61_234);
        Assert.True(MailboxUser.IsOfOther(_folder["mail/a/Maildir"]));
        Directory.CreateDirectory(_folder["target"]);
        File.CreateSymbolicLink(_folder["link"], _folder["target"]);
        FileOwner.Give(_folder["link"], OtherUser.Nobody, OtherUser.Nobody);
        Assert.True(MailboxUser.IsOfOther(_folder["link"]));
    }

    /// <summary>
    /// A directory that does not answer between the check and the use: root's rights must not take the place of the user's.
    /// </summary>
    [Fact]
    public void A_user_who_cannot_be_found_is_never_taken_for_the_server() =>
        Assert.Contains("no user no-such-user", Assert.Throws<IOException>(
            () => MailboxUser.Of(new() { User = "no-such-user", Path = "/x" })).Message, StringComparison.Ordinal);

    [Fact]
    public void Without_the_rights_only_the_own_user_will_do() => OtherUser.Run(() =>
    {
        Assert.Empty(Check(new() { Path = "/home/x/Maildir", User = "nobody" }));
        Assert.Null(MailboxUser.Of(new() { Path = "/home/x/Maildir", User = "nobody" }));
        Assert.Contains(
            "key.user: only root can deliver as games, and this is user 65534",
            Assert.Single(Check(new() { Path = "/home/x/Maildir", User = "games" })), StringComparison.Ordinal);
        Assert.Empty(Check(new() { Path = "/srv/mail/Maildir" }));
    });

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

        public void Warn(string key, string message) => All.Add($"warning: {key}: {message}");
    }
}
