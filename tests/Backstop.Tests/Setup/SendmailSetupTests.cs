using System.CommandLine;
using System.Net;
using Backstop.Commands;
using Backstop.Configuration.Options;
using Backstop.Setup;

namespace Backstop.Tests.Setup;

/// <summary>What is read from sendmail.mc and its files.</summary>
public sealed class SendmailSetupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Debian's own lines, with a port for users of the administrator's own.</summary>
    [Theory]
    [InlineData("FEATURE(`no_default_msa')dnl\n", "MSP-v4,MSP-v6,Users")]
    [InlineData("", "MSP-v4,MSP-v6,Users,MSA")]
    public void Listeners_for_users_are_known_by_their_port(string feature, string names)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "sendmail.mc"), feature + """
            DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr=::1')dnl
            DAEMON_OPTIONS(`Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1')dnl
            DAEMON_OPTIONS(`Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1')dnl
            DAEMON_OPTIONS(`Family=inet6, Name=MSP-v6, Port=submission, M=Ea, Addr=::1')dnl
            dnl DAEMON_OPTIONS(`Name=Off, Port=587')dnl
            DAEMON_OPTIONS(`Port=465, Name=Users, M=s')dnl
            DAEMON_OPTIONS(`Port=587, Name=ORIGINATING')dnl

            """);
        Assert.Equal(names.Split(','), Of("127.0.0.1:7625").Daemons());
    }

    [Fact]
    public void Domains_are_those_of_its_files()
    {
        File.WriteAllText(
            Path.Combine(_folder.Path, "local-host-names"), "localhost\n# no.example\nexample.org # ours\nhost\n\nExample.org\n");
        File.WriteAllText(Path.Combine(_folder.Path, "relay-domains"), "second.example\n");
        Assert.Equal(["example.org", "second.example"], Of("127.0.0.1:7625").Domains());
    }

    /// <summary>Mail goes on when Backstop does not answer: no flag says otherwise.</summary>
    [Fact]
    public void The_filter_stops_no_mail_when_it_is_down() =>
        Assert.DoesNotContain(", F=", string.Join('\n', Of("127.0.0.1:7625").Lines), StringComparison.Ordinal);

    /// <summary>Sendmail is told of the port that the configuration lists, at an address that can be asked.</summary>
    [Theory]
    [InlineData(null, "S=inet:7625@127.0.0.1,")]
    [InlineData("127.0.0.1:7700", "S=inet:7700@127.0.0.1,")]
    [InlineData("0.0.0.0:7700", "S=inet:7700@127.0.0.1,")]
    [InlineData("[::1]:7700", "S=inet6:7700@::1,")]
    [InlineData("[::]:7700", "S=inet6:7700@::1,")]
    public void The_line_names_the_port_of_the_configuration(string? listens, string line)
    {
        var options = listens is null ? null : new BackstopOptions { Listen = { Milter = [IPEndPoint.Parse(listens)] } };
        var place = new OwnSide("backstop.toml").MilterPlace(options, "Sendmail");
        Assert.Contains(line, new SendmailSetup(_folder.Path, place).Lines[1], StringComparison.Ordinal);
    }

    /// <summary>With a socket alone, or no milter, Sendmail would ask at a port where nobody is.</summary>
    [Theory]
    [InlineData("listen.milter_socket = \"@/milter.sock\"")]
    [InlineData("listen.policy = \"127.0.0.1:7626\"")]
    public async Task A_configuration_without_a_port_for_a_milter_changes_nothing(string listens)
    {
        var (config, mc) = (_folder["backstop.toml"], _folder["sendmail.mc"]);
        await File.WriteAllTextAsync(config, Config(listens), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(mc, "MAILER(`smtp')dnl\n", TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<CommandException>(() => SetupAsync("--config", config, "--apply"));
        Assert.Equal(ExitCode.BadConfig, error.ExitCode);
        Assert.Contains("add listen.milter = \"127.0.0.1:7625\"", error.Message, StringComparison.Ordinal);
        Assert.Equal("MAILER(`smtp')dnl\n", await File.ReadAllTextAsync(mc, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_configuration_that_listens_nowhere_is_no_running_milter()
    {
        var options = new BackstopOptions { Domains = ["example.org"], Data = _folder.Path };
        var error = await Assert.ThrowsAsync<CommandException>(() =>
            new OwnSide("backstop.toml").RequireAsync(options, "Sendmail", TestContext.Current.CancellationToken));
        Assert.StartsWith("backstop.toml: Sendmail needs a port", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Who moves the port and applies again gets the new one, once, and the file as it was is still there.</summary>
    [Fact]
    public void A_moved_port_takes_the_place_of_the_old_one()
    {
        const string mc = "OSTYPE(`debian')dnl\nMAILER(`smtp')dnl\n";
        File.WriteAllText(_folder["sendmail.mc"], mc);
        Of("127.0.0.1:7625").Apply();
        var moved = Of("127.0.0.1:7700");
        Assert.False(moved.IsThere);
        moved.Apply();
        Assert.True(moved.IsThere);
        var written = File.ReadAllText(_folder["sendmail.mc"]);
        Assert.DoesNotContain("7625", written, StringComparison.Ordinal);
        Assert.Equal(2, written.Split("INPUT_MAIL_FILTER").Length);
        Assert.Equal(mc, File.ReadAllText(_folder["sendmail.mc.before-backstop"]));
        moved.Undo();
        Assert.Equal(mc, File.ReadAllText(_folder["sendmail.mc"]));
    }

    private SendmailSetup Of(string milter) => new(_folder.Path, IPEndPoint.Parse(milter));

    private string Config(string listens) =>
        $"domains = [\"example.org\"]\ndata = \"{_folder.Path}/data\"\n{listens}\n"
            .Replace("@/", _folder.Path + "/", StringComparison.Ordinal);

    private Task<int> SetupAsync(params string[] arguments)
    {
        var command = SetupCommand.Create().Subcommands.Single(c => c.Name == "sendmail");
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
        return new RootCommand { command }.Parse(["sendmail", "--config-dir", _folder.Path, .. arguments])
            .InvokeAsync(configuration, TestContext.Current.CancellationToken);
    }
}
