using System.Text;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

/// <summary>Variables whose text is run as a command: in safe mode a message must not write the command.</summary>
public class MailAsCommandTests
{
    private const string Match = ":0\n* ^Subject: \\/.*\n{ }\n";
    private const string Box = ":0\nbox\n";

    private readonly FakeHost _host = new();
    private bool _trapped;

    /// <summary>TRAP by every way that text of the mail gets into it.</summary>
    [Theory]
    [InlineData(":0\nTRAP=| formail -xSubject:\n", "hi;touch x", false)]
    [InlineData(":0\nTRAP=| formail -xSubject:\n", "touch x", false)]
    [InlineData("TRAP=`formail -xSubject:`\n", "touch x", false)]
    [InlineData(Match + "TRAP=$MATCH\n", "touch x", false)]
    [InlineData(Match + "TRAP=\"  $MATCH\"\n", "touch x", false)]
    [InlineData(Match + "TRAP=\"log a; $MATCH\"\n", "touch x", false)]
    [InlineData(Match + "TRAP=\"log a | \\\"$MATCH\\\"\"\n", "touch x", false)]
    [InlineData(Match + "A=$MATCH\nTRAP=\"log $A\"\n", "a;touch x", false)]
    [InlineData(Match + ":0 c\n$MATCH\nTRAP=\"log $LASTFOLDER\"\n", "a;touch", false)]
    [InlineData(Match + ":0 c\n| log $MATCH\nTRAP=\"log $LASTFOLDER\"\n", "a;touch", false)]
    [InlineData(Match + "LOCKFILE=$MATCH\nTRAP=\"log $LOCKFILE\"\n", "a;touch", false)]
    [InlineData(Match + "TRAP=\"log $MATCH\"\n", "a b", true)]
    [InlineData(Match + "TRAP='log $MATCH'\n", "a;touch x", true)]
    [InlineData(Match + "LOCKFILE=own\nTRAP=\"log $LOCKFILE | cat\"\n", "a;touch x", true)]
    public void Trap_runs_no_command_that_the_message_wrote(string rc, string subject, bool isSafe)
    {
        Run(rc + Box, subject, isStrict: false);
        Assert.Equal(isSafe, _trapped);
        Assert.Equal(!isSafe, _host.Written.ToString().Contains("L40: TRAP is not run", StringComparison.Ordinal));
        Assert.Equal("box", _host.Delivered[^1]);

        Run(rc + Box, subject, isStrict: true);
        Assert.True(_trapped);
    }

    /// <summary>The shell, its flags and the mailer are programs that other lines start.</summary>
    [Theory]
    [InlineData("SHELL=$MATCH\n:0\n| log >x\n", "/tmp/evil", "/bin/sh -c log >x")]
    [InlineData(":0\nSHELL=| formail -xSubject:\n:0\n| log >x\n", "/tmp/evil", "/bin/sh -c log >x")]
    [InlineData("SHELLFLAGS=$MATCH\n:0\n| log >x\n", "-s", "/bin/sh -c log >x")]
    [InlineData("SENDMAIL=$MATCH\n:0\n! eve@example.net\n", "/tmp/evil", "/usr/sbin/sendmail -oi eve@example.net")]
    [InlineData("SENDMAIL=\"/own/mailer -f $MATCH\"\n:0\n! eve@example.net\n", "a@b", "/own/mailer -f a@b -oi eve@example.net")]
    [InlineData("SHELL=/own/sh\n:0\n| log >x\n", "a", "/own/sh -c log >x")]
    public void Programs_that_the_message_named_are_replaced_by_the_usual_ones(string rc, string subject, string ran)
    {
        Run(Match + rc, subject, isStrict: false);
        Assert.Equal(ran, _host.Ran[^1].Replace(" -c  ", " -c ", StringComparison.Ordinal));
        Assert.Equal(!ran.Contains("/own/", StringComparison.Ordinal), _host.Written.ToString().Contains("L40", StringComparison.Ordinal));

        Run(Match + rc, subject, isStrict: true);
        Assert.Contains(subject, ran.Contains("/own/sh", StringComparison.Ordinal) ? subject : _host.Ran[^1], StringComparison.Ordinal);
    }

    /// <summary>Sendmail reads another configuration, or writes a log anywhere, by its options.</summary>
    [Theory]
    [InlineData(":0\n! $MATCH\n", "-X/tmp/log eve@example.net", false)]
    [InlineData(":0\n! bob@example.org $MATCH\n", "-be", false)]
    [InlineData(":0\n! \"$MATCH\"\n", "-be", false)]
    [InlineData("A=$MATCH\n:0\n! $A\n", "-C/tmp/x", false)]
    [InlineData(":0\n! -f$MATCH bob@example.org\n", "-be", true)]
    [InlineData(":0\n! $MATCH\n", "eve-x@example.net", true)]
    [InlineData("A=-be\n:0\n! $A bob@example.org\n", "x", true)]
    public void Mailer_gets_no_option_that_the_message_wrote(string rc, string subject, bool isSent)
    {
        Run(Match + rc + Box, subject, isStrict: false);
        Assert.Equal(isSent, _host.Ran.Exists(r => r.Contains("sendmail", StringComparison.Ordinal)));
        Assert.Equal(!isSent, _host.Delivered.Contains("box"));
        Assert.Equal(!isSent, _host.Written.ToString().Contains("L40", StringComparison.Ordinal));

        _host.Ran.Clear();
        Run(Match + rc + Box, subject, isStrict: true);
        Assert.Contains(_host.Ran, r => r.Contains("sendmail", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("SENDMAILFLAGS=$MATCH\n", "-C/tmp/x", "/usr/sbin/sendmail -oi eve@example.net")]
    [InlineData("SENDMAILFLAGS=\"-f $MATCH\"\n", "x", "/usr/sbin/sendmail -oi eve@example.net")]
    [InlineData("SENDMAILFLAGS=-odq\n", "x", "/usr/sbin/sendmail -odq eve@example.net")]
    public void Mailers_flags_are_those_of_the_rcfile(string rc, string subject, string ran)
    {
        Run(Match + rc + ":0\n! eve@example.net\n", subject, isStrict: false);
        Assert.Equal(ran, _host.Ran[^1]);
    }

    private void Run(string rc, string subject, bool isStrict)
    {
        // What runs after the message lies in its box is TRAP.
        _trapped = false;
        _host.Delivered.Clear();
        _host.Program = p =>
        {
            _trapped |= _host.Delivered.Contains("box");
            var output = p.Arguments[0] == "formail" ? Encoding.Latin1.GetBytes(subject + "\n") : [];
            return new(0, output, TookAll: true, TimedOut: false);
        };
        _host.RcFiles["/home/rc"] = rc;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "inbox", ["SHELLMETAS"] = "&|<>~;?*[" };
        var mail = Encoding.Latin1.GetBytes($"From a@b Mon\nSubject: {subject}\n\nb\n");
        new RecipeRun(new(), _host, new() { IsStrict = isStrict }, mail, variables, "/home").Execute(["/home/rc"]);
    }
}
