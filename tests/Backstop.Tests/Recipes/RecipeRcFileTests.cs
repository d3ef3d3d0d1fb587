using System.Text;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

/// <summary>What people's own rcfiles showed beside procmail 3.22: each row was seen to differ there once.</summary>
public class RecipeRcFileTests
{
    private const string Mail =
        "From ann@example.org Mon Nov  2 10:00:00 2026\nFrom: Ann <ann@example.org>\nSubject: lunch\n at noon\n\nSoup?\n";

    private readonly FakeHost _host = new();

    /// <summary>procmail waits for a program that has a lock, and looks away from its failure: the mail goes on.</summary>
    [Theory]
    [InlineData(":0 : x.lock\n| deliverer\n:0\nbox\n", true)]
    [InlineData(":0 : x.lock\n| deliverer\n:0\nbox\n", false)]
    [InlineData(":0 : x.lock\n! bob@example.com\n:0\nbox\n", true)]
    [InlineData(":0 f: x.lock\n| deliverer\n:0 e\nbox\n", true)]
    public void A_program_that_fails_under_a_lock_has_not_taken_the_mail(string rc, bool isStrict)
    {
        _host.Program = Fails;
        Assert.True(Run(rc, isStrict).IsDelivered);
        Assert.Equal(["box"], _host.Delivered);
        Assert.Equal(Mail, _host.Contents[0]);
    }

    /// <summary>The wait that only a lock asked for hides no failure in the safe mode; a W that was written does.</summary>
    [Theory]
    [InlineData(":0 f: x.lock\n| spamc\n", "L04: filter \"spamc\" failed with 1")]
    [InlineData(":0 : x.lock\n| spamc\n", "L05: \"spamc\" failed with 1")]
    [InlineData(":0 c: x.lock\n| spamc\n", "L05: \"spamc\" failed with 1")]
    [InlineData(":0 : x.lock\n! bob@example.com\n", "L05: \"/usr/sbin/sendmail -oi bob@example.com\" failed with 1")]
    [InlineData(":0 : x.lock\nA=| spamc\n", "L05: \"spamc\" failed with 1")]
    [InlineData(":0 fW: x.lock\n| spamc\n", null)]
    [InlineData(":0 W: x.lock\n| spamc\n", null)]
    [InlineData(":0 W: x.lock\nA=| spamc\n", null)]
    public void A_failure_under_a_lock_is_told(string rc, string? told)
    {
        _host.Program = Fails;
        foreach (var isStrict in new[] { true, false })
        {
            _host.Written.Clear();
            Assert.True(Run(rc, isStrict).IsDelivered);
            Assert.Equal(!isStrict && told is not null, Log.Contains("failed with", StringComparison.Ordinal));
        }

        Assert.Contains(told ?? "", Log, StringComparison.Ordinal);
    }

    /// <summary>What is no program cannot filter: a folder takes the whole mail, and nobody gets it a second time.</summary>
    [Theory]
    [InlineData(":0 f\nbox\n:0\nother\n")]
    [InlineData(":0 fh\nbox\n:0\nother\n")]
    [InlineData(":0 fbw\n* ^Subject: lunch\nbox\n")]
    public void A_folder_that_is_to_filter_takes_the_whole_mail_once(string rc)
    {
        foreach (var isStrict in new[] { true, false })
        {
            _host.Delivered.Clear();
            _host.Contents.Clear();
            Run(rc, isStrict);
            Assert.Equal(["box"], _host.Delivered);
            Assert.Equal([Mail], _host.Contents);
        }
    }

    /// <summary>EXITCODE="" gives the word to TRAP, but a TRAP that succeeds does not say that the mail was delivered.</summary>
    [Theory]
    [InlineData(true, 0, 73)]
    [InlineData(false, 0, 75)]
    [InlineData(true, 5, 5)]
    [InlineData(false, 5, 5)]
    public void A_trap_that_succeeds_loses_no_mail(bool isStrict, int status, int exitCode)
    {
        _host.Broken.UnionWith(["inbox", "org"]);
        _host.Program = _ => new(status, default, TookAll: true, TimedOut: false);
        Assert.Equal(exitCode, Run("EXITCODE=\"\"\nTRAP=\"true\"\n", isStrict).ExitCode);
    }

    /// <summary>An EXITCODE of 0 makes the mail server drop its copy: it is not taken where no folder could be written.</summary>
    [Theory]
    [InlineData("0", false, 75)]
    [InlineData("off", false, 75)]
    [InlineData("fatal", false, 75)]
    [InlineData("256", false, 75)]
    [InlineData("0\nDELIVERED=yes", false, 75)]
    [InlineData("67", false, 67)]
    [InlineData("0", true, 0)]
    [InlineData("256", true, 0)]
    public void An_exit_code_of_0_loses_no_mail_that_could_not_be_written(string code, bool isStrict, int exitCode)
    {
        _host.Broken.UnionWith(["inbox", "org"]);
        string? seen = null;
        _host.Program = p =>
        {
            seen = p.Environment["EXITCODE"];
            return new(0, default, TookAll: true, TimedOut: false);
        };
        var outcome = Run($"EXITCODE={code}\nTRAP=trap\n", isStrict);
        Assert.Equal((exitCode, false), (outcome.ExitCode, outcome.IsDelivered));
        Assert.Equal(exitCode == 75 ? "75" : code, seen);
        Assert.Equal(exitCode == 75, Log.Contains("though EXITCODE says", StringComparison.Ordinal));
    }

    /// <summary>
    /// An exit code and HOST behind it are procmail's way to throw a message away, or to have it bounced: who writes both means it, and to
    /// defer it would end in a bounce to a forged sender.
    /// </summary>
    [Theory]
    [InlineData("HOST=other\n", false, 75)]
    [InlineData("EXITCODE=0\nHOST=other\n", false, 0)]
    [InlineData("EXITCODE=256\nHOST\n", false, 0)]
    [InlineData("EXITCODE=67\nHOST\n", false, 67)]
    [InlineData("EXITCODE=0\n:0 c\nbox\nHOST\n", false, 0)]
    [InlineData("EXITCODE=0\n:0 c\n{\n:0\nbox\n}\nHOST\n", false, 0)]
    [InlineData("EXITCODE=0\n:0\n/dev/null\n", false, 0)]
    [InlineData("EXITCODE=0\nHOST=other\n", true, 0)]
    public void An_exit_code_before_HOST_counts(string rc, bool isStrict, int exitCode)
    {
        Assert.Equal(exitCode, Run(rc, isStrict).ExitCode);
        Assert.Equal(exitCode == 75, Log.Contains("L26", StringComparison.Ordinal));
    }

    [Fact]
    public void A_copy_that_ends_with_HOST_has_not_failed()
    {
        var outcome = Run(":0 wc\n{\nEXITCODE=0\nHOST\n}\n:0 a\nafter\n", isStrict: false);
        Assert.True(outcome.IsDelivered);
        Assert.Equal(["after"], _host.Delivered);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("yes", 1)]
    [InlineData("off", 0)]
    [InlineData("zz", 5)]
    [InlineData("-3", 0)]
    public void The_exit_code_is_a_number_or_a_word_for_one(string code, int exitCode)
    {
        _host.Program = _ => new(5, default, TookAll: true, TimedOut: false);
        Assert.Equal(exitCode, Run($"EXITCODE={code}\nTRAP=trap\n:0\nbox\n", isStrict: true).ExitCode);
    }

    /// <summary>Without SHELLMETAS no line is for the shell: so people keep what a mail says from it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_shellmetas_no_shell_is_asked(bool isStrict)
    {
        Run("SHELLMETAS\n:0 w\n| program \"a;b\"\n", isStrict);
        Assert.Equal("program a;b", Assert.Single(_host.Ran));
    }

    [Theory]
    [InlineData("SHELL", true, " -c  a; b")]
    [InlineData("SHELLFLAGS", true, "/bin/sh   a; b")]
    [InlineData("SHELL\nSHELLFLAGS", false, "/bin/sh -c  a; b")]
    public void A_shell_that_was_taken_away_is_gone_to_the_letter_only(string names, bool isStrict, string command)
    {
        Run($"{names}\n:0 w\n| a; b\n", isStrict);
        Assert.Equal(command, _host.Ran[0]);
    }

    [Theory]
    [InlineData("SENDMAIL", true, " -oi a@b.example")]
    [InlineData("SENDMAILFLAGS", true, "/usr/sbin/sendmail a@b.example")]
    [InlineData("SENDMAIL\nSENDMAILFLAGS", false, "/usr/sbin/sendmail -oi a@b.example")]
    public void A_mailer_that_was_taken_away_is_gone_to_the_letter_only(string names, bool isStrict, string command)
    {
        Run($"{names}\n:0\n! a@b.example\n", isStrict);
        Assert.Equal(command, _host.Ran[0]);
    }

    /// <summary>A number stays as it was where a text says none, or the variable is taken away.</summary>
    [Theory]
    [InlineData("", 960)]
    [InlineData("TIMEOUT=60\nTIMEOUT=soon\n", 60)]
    [InlineData("TIMEOUT=60\nTIMEOUT\n", 60)]
    [InlineData("TIMEOUT=off\n", null)]
    [InlineData("TIMEOUT=-1\n", null)]
    [InlineData("TIMEOUT=99999999999999999999\n", 2147483)]
    public void A_number_stays_where_a_text_says_none(string rc, int? seconds)
    {
        TimeSpan? limit = TimeSpan.Zero;
        _host.Program = p =>
        {
            limit = p.TimeLimit;
            return new(0, default, TookAll: true, TimedOut: false);
        };
        Run(rc + ":0 w\n| program\n", isStrict: true);
        Assert.Equal(seconds is { } s ? TimeSpan.FromSeconds(s) : null, limit);
    }

    [Theory]
    [InlineData("LOGABSTRACT=all\nLOGABSTRACT=perhaps\n", 2)]
    [InlineData("LOGABSTRACT=all\nLOGABSTRACT\n", 2)]
    [InlineData("LOGABSTRACT=2\n", 2)]
    [InlineData("LOGABSTRACT=on\n", 1)]
    [InlineData("LOGABSTRACT=off\nLOGFILE=log\n", 0)]
    [InlineData("LOGFILE=log\n", 1)]
    [InlineData("", 0)]
    public void Abstracts_are_logged_as_LOGABSTRACT_says(string rc, int abstracts)
    {
        Run(rc + ":0 c\none\n:0\ntwo\n", isStrict: true);
        Assert.Equal(abstracts, Log.Split("  Folder: ").Length - 1);
    }

    [Theory]
    [InlineData("UMASK=022\nUMASK\n", true, 0)]
    [InlineData("UMASK=027\nUMASK\n", false, 0b000_010_111)]
    public void Umask_that_was_taken_away_opens_folders_to_the_letter_only(string rc, bool isStrict, int umask)
    {
        var found = -1;
        _host.Program = p =>
        {
            found = p.Umask;
            return new(0, default, TookAll: true, TimedOut: false);
        };
        Run(rc + ":0 w\n| program\n", isStrict);
        Assert.Equal(umask, found);
    }

    [Theory]
    [InlineData("LINEBUF=200\nLINEBUF\n", true, 128)]
    [InlineData("LINEBUF=much\n", true, 128)]
    [InlineData("LINEBUF=200\n", true, 200)]
    public void Linebuf_without_a_number_is_the_least(string rc, bool isStrict, int room)
    {
        _host.Program = _ => new(0, Encoding.ASCII.GetBytes(new string('x', 3000)), TookAll: true, TimedOut: false);
        Run(rc + "A=`printf`\n:0\n$A\n", isStrict);
        Assert.InRange(_host.Delivered[0].Length, room - 10, room);
    }

    /// <summary>The lock is that of the first file that is appended to.</summary>
    [Fact]
    public void The_lock_of_a_program_is_named_after_its_first_file()
    {
        Run(":0 w:\n| cat >>one; date >>two\n", isStrict: true);
        Assert.Equal(["one.lock"], _host.Locked);
    }

    private static ProgramOutcome Fails(ProgramCall program) => new(1, default, TookAll: true, TimedOut: false);

    private string Log => _host.Written.ToString();

    private RecipeOutcome Run(string rc, bool isStrict)
    {
        _host.RcFiles["/home/.procmailrc"] = rc;
        _host.HasActed = false;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        RecipeDefaults.Set(variables, "/home", "bob", _host.HostName, "inbox");
        variables["ORGMAIL"] = "org";
        return new RecipeRun(new(), _host, new() { IsStrict = isStrict }, Encoding.Latin1.GetBytes(Mail), variables, "/home")
            .Execute(["/home/.procmailrc"]);
    }
}
