using Backstop.Configuration;
using Backstop.Configuration.Options;
using Backstop.Mail;
using CsCheck;

namespace Backstop.Tests.Server;

/// <summary>Tables of addresses in text files, and the section of the configuration that names them.</summary>
public sealed class AddressFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_read_as_postmap_reads_it()
    {
        var (entries, errors) = Parse(
            """
            # a comment
            Ann@Example.org
            team@example.org  ann@example.org,
              # inside an entry
              bob@example.org	carl@example.org

            @example.org ann@example.org
            """);
        Assert.Empty(errors);
        Assert.Equal(["@example.org", "ann@example.org", "team@example.org"], entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            "ann@example.org bob@example.org carl@example.org",
            string.Join(' ', AddressFile.TargetsOf(entries["team@example.org"], "team@example.org", IsLocal, out _)!.Select(t => t.Key)));
        Assert.Equal("", entries["ann@example.org"]);
    }

    [Fact]
    public void Every_wrong_line_is_named()
    {
        var (_, errors) = Parse(
            "ann\nteam@example.org gmail\nx@example.org me@gmail.example\n@example.org\ny@example.org @example.org\nz@example.org\n"
                + "\nZ@example.org\n");
        Assert.Equal(
            [
                "f:1: \"ann\" is not an address; write one such as \"me@example.org\", or \"@example.org\"",
                "f:2: \"gmail\" is not an address; write addresses such as \"me@example.org\" behind \"team@example.org\"",
                "f:3: \"me@gmail.example\" is not in one of the domains, and mail is not forwarded to other hosts",
                "f:4: \"@example.org\" leads nowhere; write an address behind it",
                "f:5: \"@example.org\" is not an address; write addresses such as \"me@example.org\" behind \"y@example.org\"",
                "f:8: \"Z@example.org\" is there twice; remove one of the lines",
            ],
            errors);
    }

    [Fact]
    public void No_text_does_anything_else() => Gen.Char["a@e. ,#\t\r\n\0é+\""].Array[0, 60].Sample(text => Parse(new(text)));

    /// <summary>No two addresses share a mailbox, and none leads out of the folder.</summary>
    [Fact]
    public void Each_address_has_a_path_of_its_own() => Gen.Char["a./%_\0é "].Array[1, 6].Array[2].Sample(pair =>
    {
        var paths = pair.Select(p => DomainOptions.PathOf("/vmail/%d/%l/Maildir", new(new(p), "example.org"))).ToList();
        Assert.True(paths[0] is null || paths[0] != paths[1] || new string(pair[0]) == new string(pair[1]));
        Assert.All(paths.OfType<string>(), p =>
        {
            Assert.StartsWith("/vmail/example.org/", p, StringComparison.Ordinal);
            Assert.Equal(p, Path.GetFullPath(p));
            Assert.Equal(5, p.Split('/').Length);
            Assert.NotEqual('.', p.Split('/')[3][0]);
        });
    });

    [Fact]
    public void Name_that_is_too_long_for_a_folder_has_no_mailbox()
    {
        Assert.NotNull(DomainOptions.PathOf("/v/%l", new(new string('a', 255), "example.org")));
        Assert.Null(DomainOptions.PathOf("/v/%l", new(new string('a', 256), "example.org")));
        Assert.Null(DomainOptions.PathOf("/v/%l", new(new string('/', 100), "example.org")));
    }

    [Theory]
    [InlineData(
        "[recipients]\ntables = \"hash:/etc/x\"",
        "recipients.tables: \"hash:/etc/x\" is not a table; write \"file:/etc/backstop/recipients\"")]
    [InlineData("[recipients]\ntables = \"socketmap:127.0.0.1:1\"", "\"socketmap:127.0.0.1:1\" is not a table")]
    [InlineData("[recipients]\ntables = \"socketmap:unix:run/x:name\"", "\"socketmap:unix:run/x:name\" is not a table")]
    [InlineData("[recipients]\ntables = \"file:DIR/none\"", "recipients.tables: DIR/none: no such file")]
    [InlineData("[recipients]\ntables = \"file:DIR/wrong\"", "recipients.tables: DIR/wrong:2: \"gmail\" is not an address")]
    [InlineData(
        "[recipients]\ntables = \"sqlite:DIR/none\"\nquery = \"SELECT $address\"",
        "DIR/none: no such file; write the path of the database")]
    [InlineData("[recipients]\ntables = \"sqlite:DIR/wrong\"", "an SQLite table needs a query; write one such as query = \"SELECT")]
    [InlineData(
        "[recipients]\ntables = \"sqlite:DIR/wrong\"\nquery = \"SELECT 1\"",
        "recipients.query: the query does not ask for an address")]
    [InlineData("[recipients]\nquery = \"SELECT 1\"", "recipients.query: no table is asked by it")]
    [InlineData("[domain.\"other.example\"]", "domain.other.example: \"other.example\" is not in domains; add it there")]
    [InlineData(
        "[domain.\"example.org\"]\npath = \"/vmail/%u\"",
        "/vmail/%u: only %l, the local-part, and %d, the domain, have a meaning here")]
    [InlineData("[domain.\"example.org\"]\npath = \"/vmail/%d\"", "/vmail/%d is one path for all; write %l where the local-part belongs")]
    [InlineData("[domain.\"example.org\"]\npath = \"vmail/%l\"", "vmail/%l is not an absolute path")]
    [InlineData("[domain.\"example.org\"]\npath = \"DIR/none/%l\"", "domain.example.org.path: no such folder: DIR/none; make it")]
    [InlineData("[domain.\"example.org\"]\ncatch_all = \"x@example.org\"", "domain.example.org.catch_all: it leads back to itself")]
    [InlineData(
        "[domain.\"example.org\"]\ncatch_all = \"me@example.org\"\n[aliases]\n\"@example.org\" = \"me@example.org\"",
        "\"@example.org\" is the same as aliases.@example.org; write one list for both")]
    public void Wrong_table_or_domain_is_told_with_its_place(string lines, string message)
    {
        File.WriteAllText(_folder["wrong"], "me@example.org\nx@example.org gmail\n");
        const string Head = "domains = [\"example.org\"]\nlisten.smtp = \"127.0.0.1:2525\"\nmailboxes.\"me@example.org\" = {}\n";
        var folder = Path.GetDirectoryName(_folder["wrong"])!;
        var warnings = new List<ConfigError>();
        var errors = ConfigFile.Parse(Head + lines.Replace("DIR", folder, StringComparison.Ordinal), "b.toml", warnings).Errors;
        Assert.Contains(
            errors.Concat(warnings), e => e.Line >= 4
                && e.ToString().Contains(message.Replace("DIR", folder, StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("socketmap:127.0.0.1:10001:virtual", "127.0.0.1:10001")]
    [InlineData("socketmap:inet:[::1]:10001:virtual", "[::1]:10001")]
    [InlineData("socketmap:unix:/run/x:y.sock:virtual", "/run/x:y.sock")]
    public void Socketmap_is_named_as_postfix_names_it(string text, string endPoint)
    {
        var map = Assert.IsType<TableSetting.Socketmap>(TableSetting.Parse(text));
        Assert.Equal((endPoint, "virtual"), (map.EndPoint.ToString(), map.Table));
    }

    [Fact]
    public void Domain_completes_its_mailboxes()
    {
        var (options, errors) = ConfigFile.Parse(
            """
            domains = ["example.org"]
            listen.smtp = "127.0.0.1:2525"
            [domain."Example.org"]
            path = "/var/mail/%d-%l"
            format = "mbox"
            catch_all = ["me@example.org"]
            [mailboxes."Me@example.org"]
            [mailboxes."you@example.org"]
            path = "/var/mail/you/Maildir"
            """,
            "b.toml");
        Assert.Empty(errors);
        Assert.Equal(("/var/mail/example.org-me", "Mbox"), Of("Me@example.org"));
        Assert.Equal(("/var/mail/you/Maildir", "Maildir"), Of("you@example.org"));
        Assert.Equal("me@example.org", new Backstop.Judging.Recipients(options).Find(MailAddress.TryParse("x@example.org")!)!.Person);

        (string, string) Of(string address) => (options.Mailboxes[address].Path, options.Mailboxes[address].Format.ToString());
    }

    private static bool IsLocal(string domain) => domain == "example.org";

    private static (IReadOnlyDictionary<string, string> Entries, IReadOnlyList<string> Errors) Parse(string text) =>
        AddressFile.Parse(text, "f", IsLocal);
}
