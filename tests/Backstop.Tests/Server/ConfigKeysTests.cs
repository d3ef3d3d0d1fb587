using System.Net;
using Backstop.Configuration;
using Backstop.Configuration.Options;

namespace Backstop.Tests.Server;

/// <summary>In which keys two configurations differ, and which of them need a start.</summary>
public sealed class ConfigKeysTests
{
    private const string Minimal =
        """
        domains = ["example.org"]
        [mailboxes]
        "me@example.org" = {}
        """;

    [Fact]
    public void Same_file_read_twice_differs_in_nothing() => Assert.Empty(Changed(Minimal, Minimal));

    [Theory]
    [InlineData("smtp.max_message = \"1MiB\"", "smtp.max_message")]
    [InlineData("batv.always_signed = [\"me@example.org\"]", "batv.always_signed")]
    [InlineData("listen.proxy_from = [\"192.0.2.0/24\"]", "listen.proxy_from")]
    [InlineData("tls.hosts.\"mx.example.net\".key = \"k\"", "tls.hosts.mx.example.net")]
    [InlineData("dkim.\"s._domainkey.example.org\" = {}", "dkim.s._domainkey.example.org")]
    public void Changed_key_is_named_whole(string line, string key) => Assert.Equal([key], Changed(Minimal, line + "\n" + Minimal));

    [Fact]
    public void Entry_that_comes_or_goes_is_named_once()
    {
        var more = Minimal + "\n\"you@example.org\" = { path = \"/var/mail/you\", aliases = [\"a@example.org\"] }";
        Assert.Equal(["mailboxes.you@example.org"], Changed(Minimal, more));
        Assert.Equal(["mailboxes.you@example.org"], Changed(more, Minimal));
    }

    [Fact]
    public void Changed_entry_is_named_with_its_key() =>
        Assert.Equal(
            ["mailboxes.me@example.org.path"], Changed(Minimal, Minimal.Replace("{}", "{ path = \"/m\" }", StringComparison.Ordinal)));

    [Theory]
    [InlineData("hostname", true)]
    [InlineData("data", true)]
    [InlineData("listen.smtp", true)]
    [InlineData("listen.proxy_from", false)]
    [InlineData("alert.mail_to", true)]
    [InlineData("log.access", true)]
    [InlineData("greylist.enabled", true)]
    [InlineData("rates.per_network", false)]
    [InlineData("spool.path", true)]
    [InlineData("spool.min_free", false)]
    [InlineData("smtp.max_connections", true)]
    [InlineData("smtp.max_connections_per_client", false)]
    [InlineData("mailboxes.me@example.org", false)]
    public void Table_says_what_needs_a_start(string key, bool needs) => Assert.Equal(needs, ConfigKeys.NeedsStart(key));

    /// <summary>A key that is renamed must be renamed in the table too.</summary>
    [Fact]
    public void Keys_that_need_a_start_exist()
    {
        var all = ConfigKeys.Of(new()).Keys.Where(ConfigKeys.NeedsStart).Select(k => k.Split('.')[0]).Distinct(StringComparer.Ordinal);
        Assert.Equal(
            [
                "alert", "data", "greylist", "guard", "hostname", "journal", "listen", "log", "recipes", "smtp", "spool", "storm",
                "telemetry", "web",
            ],
            all);
        Assert.Equal(49, ConfigKeys.Of(new()).Keys.Count(ConfigKeys.NeedsStart));
    }

    [Fact]
    public void What_needs_a_start_stays_and_the_rest_is_new()
    {
        var running = new BackstopOptions { Hostname = "old", Data = "old", Domains = ["old.example"] };
        running.Listen.Smtp = [new(IPAddress.Loopback, 25)];
        running.Smtp.MaxConnections = 7;
        var read = new BackstopOptions { Hostname = "new", Data = "new", Domains = ["new.example"] };
        read.Listen.ProxyFrom = [IPNetwork.Parse("192.0.2.0/24")];
        read.Smtp.MaxErrors = 9;
        ConfigKeys.KeepStarted(read, running);
        Assert.Equal(("old", "old", "new.example"), (read.Hostname, read.Data, read.Domains[0]));
        Assert.Equal((1, 1, 7, 9), (read.Listen.Smtp.Count, read.Listen.ProxyFrom.Count, read.Smtp.MaxConnections, read.Smtp.MaxErrors));
    }

    private static IReadOnlyList<string> Changed(string old, string now) => ConfigKeys.Changed(Keys(old), Keys(now));

    private static IReadOnlyDictionary<string, string> Keys(string text) => ConfigKeys.Of(ConfigFile.Parse(text, "t.toml").Options);
}
