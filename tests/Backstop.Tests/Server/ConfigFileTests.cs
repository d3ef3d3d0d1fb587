using Backstop.Configuration;
using CsCheck;

namespace Backstop.Tests.Server;

public sealed class ConfigFileTests
{
    private const string Good = """
        hostname = "mx.example.org"
        domains = ["example.org"]
        data = "/var/lib/backstop"
        postmaster = "me@example.org"

        [listen]
        smtp = ["0.0.0.0:25", "[::]:25"]
        lmtp = "127.0.0.1:24"
        web = "127.0.0.1:8025"
        proxy_from = ["192.0.2.0/24", "2001:db8::1"]

        [smtp]
        max_message = "25MiB"
        command_timeout = "5m"

        [mailboxes."me@example.org"]
        aliases = ["info@example.org", "@example.org"]

        [mailboxes]
        "you@example.org" = { format = "mbox", path = "/var/mail/you" }
        """;

    [Fact]
    public void Good_file_of_a_real_domain_is_short_and_read()
    {
        Assert.True(Good.Split('\n').Length <= 25);
        var (options, errors) = ConfigFile.Parse(Good, "b.toml");
        Assert.Empty(errors);
        Assert.Equal(25 << 20, options.Smtp.MaxMessage.Bytes);
        Assert.Equal(2, options.Listen.Smtp.Count);
        Assert.Equal("127.0.0.1:24", options.Listen.Lmtp.Single().ToString());
        Assert.Equal(2, options.Mailboxes.Count);
    }

    [Fact]
    public void All_errors_are_told_at_once_each_with_its_place()
    {
        var (_, errors) = ConfigFile.Parse(
            """
            domains = ["example.org"]
            hostnam = "mx"
            [listen]
            smtp = "25"
            [smtp]
            max_message = "lots"
            max_errors = "five"
            max_recipients = 0
            command_timeout = "2h"
            [backscatter]
            unproved = "maybe"
            [mailboxes."me@elsewhere.example"]
            aliasses = []
            [tsl]
            """,
            "b.toml");
        Assert.Equal(
            [
                "b.toml:2:1: unknown key \"hostnam\"; did you mean \"hostname\"?",
                "b.toml:4:8: listen.smtp: \"25\" is not an address with port, such as \"0.0.0.0:25\" or \"[::1]:24\"",
                "b.toml:6:15: smtp.max_message: \"lots\" is not a size such as \"25MiB\"",
                "b.toml:7:14: smtp.max_errors: \"five\" is not a whole number",
                "b.toml:8:18: smtp.max_recipients: must be between 1 and 10000",
                "b.toml:9:19: smtp.command_timeout: must be between \"1s\" and \"1h\"",
                "b.toml:11:12: backscatter.unproved: \"maybe\" is not one of \"file\", \"auto\", \"refuse\"",
                "b.toml:13:1: mailboxes.me@elsewhere.example: unknown key \"aliasses\"; did you mean \"aliases\"?",
                "b.toml:14:2: unknown table \"tsl\"; did you mean \"tls\"?",
            ],
            errors.Select(e => e.ToString()).Where(e =>
                !e.Contains("is not in one of", StringComparison.Ordinal) && !e.Contains("nothing to listen", StringComparison.Ordinal)));
        Assert.Contains(
            errors,
            e => e.ToString() == "b.toml:12:12: mailboxes.me@elsewhere.example: \"me@elsewhere.example\" is not in one of the "
                + "domains; add its domain to domains");
    }

    /// <summary>A field that anybody's mail carries would let every bounce through.</summary>
    [Fact]
    public void Own_field_that_proves_nothing_is_told_with_its_place()
    {
        var (options, errors) = ConfigFile.Parse(
            Good + "\n[backscatter]\nunproved = \"auto\"\nown_fields = [\"X-Campaign-Id\", \"X-Shop: s3cret-\", \"Subject\", "
                + "\"X-Mailer\", \"X-Mailer: OurShop/\", \"no name\"]\n", "b.toml");
        Assert.Equal(6, options.Backscatter.OwnFields.Count);
        var line = Good.Split('\n').Length + 3;
        Assert.Equal(
            [
                $"b.toml:{line}:1: backscatter.own_fields: \"Subject\" may be in anybody's mail and proves nothing; name one that "
                    + $"only your own mail carries, such as \"X-Campaign-Id\"",
                $"b.toml:{line}:1: backscatter.own_fields: \"X-Mailer\" is in the mail of many senders; add the beginning of "
                    + $"your value: \"X-Mailer: ...\"",
                $"b.toml:{line}:1: backscatter.own_fields: \"no name\" is not the name of a header field; write one such as "
                    + $"\"X-Campaign-Id\", or with the beginning of its value \"X-Campaign-Id: s3cret-\"",
            ],
            errors.Select(e => e.ToString()));
        Assert.Empty(ConfigFile.Parse(Good + "\n[backscatter]\nown_fields = \"X-Campaign-Id\"\n", "b.toml").Errors);
    }

    /// <summary>Who always signs is refused bounces without a tag: no mail of theirs may leave without one.</summary>
    [Theory]
    [InlineData("unsigned_from = \"me@example.org\"", "\"me@example.org\" is in outbound.unsigned_from too")]
    [InlineData("unsigned_from = \"Example.org\"", "\"me@example.org\" is in outbound.unsigned_from too")]
    [InlineData("unsigned_to = \"list.example\"", "outbound.unsigned_to sends without a tag would be refused")]
    [InlineData("unsigned_from = \"you@example.org\"", null)]
    [InlineData("unsigned_from = \"no address\"", "\"no address\" is neither an address nor a domain")]
    public void Exceptions_from_tags_and_addresses_that_always_sign_exclude_each_other(string line, string? error)
    {
        var text = $"{Good}\n[batv]\nalways_signed = \"me@example.org\"\n[outbound]\n{line}\n";
        var errors = ConfigFile.Parse(text, "b.toml").Errors.Select(e => e.ToString()).ToList();
        Assert.Equal(error is null ? 0 : 1, errors.Count);
        Assert.All(errors, e => Assert.Contains(error!, e, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("domains = [", 1)]
    [InlineData("x = \"unclosed", 1)]
    [InlineData("= 1", 1)]
    public void Broken_toml_is_told_with_its_place(string text, int line) =>
        Assert.Equal(line, ConfigFile.Parse(text, "b.toml").Errors[0].Line);

    /// <summary>Where only clients of spamd or callers of /classify are served, no mailbox is wanted.</summary>
    [Theory]
    [InlineData("listen.spamd = \"127.0.0.1:783\"", "")]
    [InlineData("listen.spamd_socket = \"/run/spamd.sock\"", "")]
    [InlineData("listen.web = \"127.0.0.1:8025\"\nclassify.token = \"0123456789abcdef0123456789abcdef\"", "")]
    [InlineData("listen.spamd = \"127.0.0.1:783\"\nspam.rules = \"/nowhere\"", "spam.rules: no such file or folder: /nowhere")]
    [InlineData(
        "listen.spamd = \"127.0.0.1:783\"\nspam.folder = \"../x\"",
        "spam.folder: \"../x\" is not a folder name; write one without / that does not begin with a dot, such as \"Junk\"")]
    [InlineData("listen.spamd_tls = \"127.0.0.1:783\"\ntls.enabled = false", "listen.spamd_tls: needs tls.enabled = true")]
    [InlineData(
        "listen.spamd = \"127.0.0.1:783\"\nlisten.lmtp = \"127.0.0.1:24\"\ndomains = [\"example.org\"]",
        "mailboxes: no mailbox is set; name at least one, such as [mailboxes.\"me@example.org\"]")]
    public void A_filter_alone_is_a_whole_configuration(string text, string error)
    {
        var (_, errors) = ConfigFile.Parse(text, "b.toml");
        Assert.Equal(error, string.Join('|', errors.Select(e => e.Message)));
    }

    /// <summary>Each mistake is told, and none of the tokens with it.</summary>
    [Theory]
    [InlineData(
        "classify.token = \"secret-secret\"",
        "classify.token: a token of 13 characters is too short; use at least 32 (backstop config token makes one)")]
    [InlineData(
        "classify.token = \"secret secret secret secret secret!\"",
        "classify.token: a token with characters that are not allowed; use letters, digits and -._~+/ (and = at its end), "
        + "or backstop config token")]
    [InlineData("classify.token = \"0123456789abcdef0123456789abcdef\"", "")]
    [InlineData("classify.token_file = \"/nowhere\"", "classify.token_file: no such file: /nowhere")]
    [InlineData("classify.token_file = \"/dev/null\"", "classify.token_file: cannot be read: /dev/null: not a regular file")]
    [InlineData("classify.max_parallel = 0", "classify.max_parallel: must be between 1 and 1000")]
    public void Token_of_classify_is_checked(string text, string error)
    {
        var (_, errors) = ConfigFile.Parse("listen.spamd = \"127.0.0.1:783\"\nlisten.web = \"127.0.0.1:8025\"\n" + text, "b.toml");
        Assert.Equal(error, string.Join('|', errors.Select(e => e.Message)));
    }

    /// <summary>A FIFO held the check for good, and a file without permission ended it with a word about itself only.</summary>
    [Fact]
    public void Files_that_cannot_be_read_are_told_of_beside_other_errors()
    {
        using var folder = new TempFolder();
        using var made = System.Diagnostics.Process.Start("/usr/bin/mkfifo", folder["fifo"]);
        made.WaitForExit();
        File.WriteAllText(folder["empty"], "# none\n");
        File.WriteAllText(folder["large"], new string('x', 2 << 20));
        const string none = "listen.spamd = \"127.0.0.1:783\"\nlisten.web = \"127.0.0.1:8025\"\nsmtp.max_errors = 0\n";
        foreach (var (text, wanted) in new[]
        {
            ($"classify.token_file = \"{folder["fifo"]}\"", $"classify.token_file: cannot be read: {folder["fifo"]}: not a regular file"),
            ($"classify.token_file = \"{folder["empty"]}\"", $"classify.token_file: {folder["empty"]} contains no token; backstop "
                + $"config token makes one"),
            ($"classify.token_file = \"{folder["large"]}\"", $"classify.token_file: {folder["large"]} is too large for a file of tokens: "
                + "2097152 octets, at most 1048576"),
            ($"dkim.\"a._domainkey.example.org\".file = \"{folder["fifo"]}\"", $"dkim.a._domainkey.example.org: cannot be read: "
                + $"{folder["fifo"]}: not a regular file"),
        })
        {
            var (_, errors) = ConfigFile.Parse(none + text, "b.toml");
            Assert.Equal(new[] { "smtp.max_errors: must be between 1 and 10000", wanted }.Order(), errors.Select(e => e.Message).Order());
        }
    }

    [Fact]
    public void Token_in_a_file_is_checked_with_its_line()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["tokens"], "# for the tickets\n0123456789abcdef0123456789abcdef\nsecret\n");
        var (_, errors) = ConfigFile.Parse($"listen.spamd = \"127.0.0.1:783\"\nclassify.token_file = \"{folder["tokens"]}\"", "b.toml");
        Assert.Equal(
            [
                "b.toml:1:1: classify: needs listen.web, which is not set; set it, such as listen.web = \"127.0.0.1:8025\"",
                $"b.toml:2:10: classify.token_file: {folder["tokens"]}:3:1: a token of 6 characters is too short; use at least 32 "
                    + "(backstop config token makes one)",
            ],
            errors.Select(e => e.ToString()));
    }

    [Fact]
    public void Address_of_two_mailboxes_is_reported()
    {
        var (_, errors) = ConfigFile.Parse(
            Good + "\naliases = []\n[mailboxes.\"x@example.org\"]\naliases = [\"INFO@example.org\"]\n", "b.toml");
        Assert.Contains(
            errors, e => e.Message.Contains("\"INFO@example.org\" already belongs to mailboxes.me@example.org", StringComparison.Ordinal));
    }

    [Fact]
    public void Any_text_is_a_config_or_errors() =>
        Gen.OneOf(
            "[listen]\n", "smtp = ", "\"a\"\n", "1\n", "{", "}", "[", "]", "=", ".", "\n", "mailboxes", "\"x\" = {}\n", "#", "domains")
            .Array[0, 12].Sample(parts => ConfigFile.Parse(string.Concat(parts), "b.toml"));

    /// <summary>What <c>config keys</c> prints is a file that is read without an error: manual and reader cannot part.</summary>
    [Fact]
    public void Manual_is_a_file_that_reads()
    {
        var manual = string.Join('\n', ConfigManual.Lines())
            .Replace("domains = []", "domains = [\"example.org\"]", StringComparison.Ordinal)
            .Replace("smtp = []", "smtp = [\"127.0.0.1:25\"]", StringComparison.Ordinal);
        Assert.Empty(ConfigFile.Parse(manual, "manual.toml").Errors);
        Assert.All(ConfigManual.Lines().Where(l => l.StartsWith('#')), l => Assert.True(l.Length > 10, l));
    }
}
