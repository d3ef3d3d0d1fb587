using Backstop.Configuration;

namespace Backstop.Tests.Server;

/// <summary>What people get wrong in a configuration: each is found by <c>config check</c>, with its place and what to do.</summary>
public sealed class WrongConfigTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public WrongConfigTests()
    {
        Directory.CreateDirectory(_folder["mail"]);
        File.WriteAllText(_folder["file"], "");
        File.WriteAllText(_folder["script"], "#!/bin/sh\n");
    }

    /// <summary>
    /// A configuration, with DIR for a folder in which <c>mail</c> is a folder and <c>file</c> an empty file; and what is said, with its
    /// line and column.
    /// </summary>
    public static TheoryData<string, string> Wrong => new()
    {
        { Mail + "hostname = \"mx example.org\"", "4:1: hostname: \"mx example.org\" is not the name of a host; write one such as" },
        { Mail + "hostname = \"\"", "4:1: hostname: \"\" is not the name of a host; write one such as" },
        { Mail + "hostname = \"mx.exämple.org\"", "4:1: hostname: \"mx.exämple.org\" is not the name of a host; write one such as" },
        { Mail + "data = \"DIR/file\"", "4:1: data: DIR/file is a file; write the path of a folder" },
        { Mail + "data = \"~/backstop\"", "4:8: data: only a shell replaces ~; write the whole path" },
        { Mail + "tls.certificate = \"DIR/none.pem\"", "4:5: tls.certificate: DIR/none.pem: no such file" },
        { Mail + "tls.certificate = \"DIR/file\"", "4:5: tls.certificate: DIR/file: no certificate in it; name a PEM file" },
        { Mail + "tls.certificate = \"DIR/mail\"", "4:5: tls.certificate: DIR/mail: not a regular file" },
        { Mail + "tls.key = \"DIR/file\"", "4:5: tls.key: there is no certificate for it; set tls.certificate too" },
        { Mail + "tls.profile = \"old\"", "4:15: tls.profile: \"old\" is not one of \"system\", \"intermediate\", \"modern\"" },
        { Mail + "[tls.hosts.\"mx example\"]", "4:12: tls.hosts.mx example: \"mx example\" is not the name of a host; write one such as" },
        {
            Mail + "listen.policy_socket = \"/run/" + new string('x', 110) + "\"",
            "4:8: listen.policy_socket: the path has 115 octets, and a socket's at most 107; choose a shorter one"
        },
        { Mail + "listen.policy_socket = \"DIR/none/policy\"", "4:8: listen.policy_socket: no such folder: DIR/none; make it" },
        { Mail + "listen.policy_socket = \"DIR/file\"", "4:8: listen.policy_socket: DIR/file is there and is not a socket; move it away" },
        { Mail + "listen.policy_socket = \"DIR/mail\"", "4:8: listen.policy_socket: DIR/mail is there and is not a socket; move it away" },
        {
            Mail + "listen.policy_socket = \"DIR/s\"\nlisten.table_socket = \"DIR/s\"",
            "5:8: listen.table_socket: DIR/s is also set for listen.policy_socket; choose another"
        },
        {
            Mail + "listen.lmtp = \"127.0.0.1:2525\"",
            "4:8: listen.lmtp: 127.0.0.1:2525 is also set for listen.smtp; give each its own port"
        },
        { Mail + "listen.web = \"127.0.0.1\"", "4:14: listen.web: \"127.0.0.1\" is not an address with port" },
        {
            Mail + "mailboxes.\"me@example.org\".path = \"DIR/file\"",
            "4:28: mailboxes.me@example.org.path: DIR/file is a file, and a Maildir is a folder; write format = \"mbox\""
        },
        {
            Mail + "mailboxes.\"me@example.org\".path = \"DIR/mail\"\nmailboxes.\"me@example.org\".format = \"mbox\"",
            "4:28: mailboxes.me@example.org.path: DIR/mail is a folder, and an mbox is a file; leave out format"
        },
        {
            Mail + "mailboxes.\"me@example.org\".path = \"DIR/none/Maildir\"",
            "4:28: mailboxes.me@example.org.path: no such folder: DIR/none; make it for the mailbox's user"
        },
        {
            Mail + "mailboxes.\"a@example.org\".path = \"DIR/mail\"\nmailboxes.\"b@example.org\".path = \"DIR/mail/\"",
            "5:27: mailboxes.b@example.org.path: DIR/mail is also the path of a@example.org; make b@example.org one of its aliases"
        },
        { Mail + "mailboxes.\"me@example.org\".user = \"root\"", "4:28: mailboxes.me@example.org.user: root is root, or in root's group" },
        { Mail + "mailboxes.\"me@example.org\".user = \"no.one\"", "4:28: mailboxes.me@example.org.user: this host has no user no.one" },
        { Mail + "mailboxes.\"me@example.org\".user = \"nobody\"", "4:28: mailboxes.me@example.org.user: the mailbox has no path" },
        { Mail + "mailboxes.\"me@example.org\".recipes = \"DIR/rc\"", "4:28: mailboxes.me@example.org.recipes: no such file: DIR/rc" },
        { Mail + "alert.command = \"DIR/script\"", "4:7: alert.command: DIR/script is not executable; make it so with chmod +x" },
        {
            Mail + "alert.command = \"script\"",
            "4:7: alert.command: \"script\" is not an existing file; give the absolute path of a program"
        },
        { Mail + "journal.keep = \"20000000d\"", "4:16: journal.keep: \"20000000d\" is not a duration such as" },
        { Mail + "smtp.max_errors = 99999999999", "4:19: smtp.max_errors: the value is not a whole number up to 2147483647" },
        { "listen.smtp = \"0.0.0.0:25\"", "1:1: domains: no domain is set; name at least one" },
        { "domains = [\"example.org\"", "1:25: Unexpected token `<eof>`" },
    };

    private static string Mail =>
        "domains = [\"example.org\"]\nlisten.smtp = \"127.0.0.1:2525\"\nmailboxes.\"me@example.org\".aliases = []\n";

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Is_found_with_its_place_and_the_next_step(string text, string said)
    {
        var warnings = new List<ConfigError>();
        var (_, errors) = ConfigFile.Parse(Here(text), "b.toml", warnings);
        Assert.Contains(errors.Concat(warnings), e => e.ToString().StartsWith("b.toml:" + Here(said), StringComparison.Ordinal));
    }

    /// <summary>
    /// A home that is gone, or an alert that nobody can run, must not keep the mail of all others out; and a verb that only learns or
    /// explains has no use for keys and sockets.
    /// </summary>
    [Theory]
    [InlineData("mailboxes.\"me@example.org\".path = \"DIR/none/Maildir\"")]
    [InlineData("mailboxes.\"me@example.org\".path = \"DIR/file\"")]
    [InlineData("alert.command = \"DIR/script\"")]
    [InlineData("tls.certificate = \"DIR/none.pem\"")]
    [InlineData("listen.policy_socket = \"DIR/none/policy\"")]
    public void No_verb_refuses_what_concerns_it_not(string line)
    {
        var warnings = new List<ConfigError>();
        Assert.Empty(ConfigFile.Parse(Here(Mail + line), "b.toml", warnings).Errors);
        Assert.Single(warnings);
    }

    /// <summary>
    /// A warning where only the mail is mixed; but the server cannot run two rcfiles for one folder, and once ended with a stack trace.
    /// </summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("mailboxes.\"b@example.org\".recipes = \"DIR/file\"", 1)]
    public void Two_rcfiles_for_one_path_are_an_error(string more, int expected)
    {
        var text = Mail + "mailboxes.\"a@example.org\" = { path = \"DIR/mail\", recipes = \"DIR/file\" }\n"
            + "mailboxes.\"b@example.org\".path = \"DIR/mail\"\n" + more;
        var (_, errors) = ConfigFile.Parse(Here(text), "b.toml");
        Assert.Equal(expected, errors.Count(e => e.Message.Contains("is also the path of a@example.org", StringComparison.Ordinal)));
        Assert.Equal(expected, errors.Count);
    }

    [Fact]
    public void Configuration_without_them_is_accepted() => Assert.Empty(ConfigFile.Parse(
        Here(
            Mail + "data = \"DIR/data\"\nmailboxes.\"me@example.org\".path = \"DIR/mail/Maildir\"\n"
                + "listen.policy_socket = \"DIR/mail/s\"\nlisten.table_socket = \"/run/backstop-none/table\"\n"
                + "tls = { enabled = false, certificate = \"DIR/none.pem\" }\nspam.user_prefs = \"~/.spamassassin/user_prefs\""),
        "b.toml").Errors);

    private string Here(string text) => text.Replace("DIR", _folder.Path, StringComparison.Ordinal);
}
