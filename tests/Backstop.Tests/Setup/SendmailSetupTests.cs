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
        Assert.Equal(names.Split(','), new SendmailSetup(_folder.Path).Daemons());
    }

    [Fact]
    public void Domains_are_those_of_its_files()
    {
        File.WriteAllText(
            Path.Combine(_folder.Path, "local-host-names"), "localhost\n# no.example\nexample.org # ours\nhost\n\nExample.org\n");
        File.WriteAllText(Path.Combine(_folder.Path, "relay-domains"), "second.example\n");
        Assert.Equal(["example.org", "second.example"], new SendmailSetup(_folder.Path).Domains());
    }

    /// <summary>Mail goes on when Backstop does not answer: no flag says otherwise.</summary>
    [Fact]
    public void The_filter_stops_no_mail_when_it_is_down() =>
        Assert.DoesNotContain(", F=", string.Join('\n', SendmailSetup.Lines), StringComparison.Ordinal);
}
