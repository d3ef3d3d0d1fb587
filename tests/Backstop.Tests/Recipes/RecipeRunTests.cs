using System.Text;
using Backstop.Recipes.Running;
using CsCheck;

namespace Backstop.Tests.Recipes;

public class RecipeRunTests
{

    private static readonly string[] _words =
    [
        ":0", ":0 c", ":0 fw", ":0:", ":0 E", "\n", " ", "{ ", " }", "* ^Subject", "* 1^1 .", "* ! ", "box", "A=$B", "`x`",
        "\"", "'", "${A:-", "}", "\\", "| p", "! a",
        "INCLUDERC=$_", "SWITCHRC", "HOST", "#", "$", "=",
    ];

    private readonly FakeHost _host = new();

    [Theory]
    [InlineData(":0\n* ^Subject: lunch\nbox\n", "box")]
    [InlineData(":0\n* ^Subject: dinner\nbox\n", "inbox")]
    [InlineData(":0\n* ! ^Subject: dinner\nbox\n", "box")]
    [InlineData(":0 B\n* noon\nbox\n", "box")]
    [InlineData(":0\n* B ?? noon\n* > 10\n* < 1000\nbox\n", "box")]
    [InlineData("A=lunch\n:0\n* $ ^Subject: $\\A\nbox\n", "box")]
    [InlineData(":0\n* ^To: \\/[^@]+\n$MATCH\n", "bob")]
    [InlineData(":0\n* 1^1 o\n* -99^0\nbox\n", "inbox")]
    [InlineData(":0\n* ^Nothing\n{ }\n:0 E\nelse\n", "else")]
    [InlineData(":0\n* ^Subject\n{\n:0\n* ^Nothing\nin\n}\n:0 A\nafter\n", "after")]
    [InlineData("DEFAULT=${X:-other}\n", "other")]
    public void Delivers_to(string rc, string folder)
    {
        Assert.Equal(0, _host.Run(rc).ExitCode);
        Assert.Equal(folder, Assert.Single(_host.Delivered));
    }

    [Fact]
    public void Copies_go_on()
    {
        _host.Run(":0 c\none\n:0 c\n* ^Nothing\ntwo\n:0\nthree\n");
        Assert.Equal(["one", "three"], _host.Delivered);
    }

    [Fact]
    public void What_cannot_be_written_goes_on_to_the_next_recipe_and_at_last_is_kept()
    {
        _host.Broken.UnionWith(["one", "inbox", "org"]);
        var outcome = _host.Run(":0\none\n:0 e\n* ^Subject\ntwo\n");
        Assert.Equal(["two"], _host.Delivered);

        _host.Broken.Add("two");
        outcome = _host.Run(":0\none\n:0 e\n* ^Subject\ntwo\n");
        Assert.Equal(75, outcome.ExitCode);
        Assert.False(outcome.IsDelivered);
    }

    /// <summary>A folder without a name: a variable that is not set.</summary>
    [Theory]
    [InlineData(":0\n$UNSET\n")]
    [InlineData(":0\n\"\"\n")]
    [InlineData(":0\n$UNSET $UNSET\n")]
    public void A_folder_without_a_name_is_gone_on_from(string rc)
    {
        Assert.True(_host.Run(rc).IsDelivered);
        Assert.Equal(["inbox"], _host.Delivered);
        Assert.Contains("Error while writing to \"\"", _host.Written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>procmail cuts what a command writes beyond LINEBUF; the name of the variable stands in the line too.</summary>
    [Fact]
    public void Output_beyond_LINEBUF_is_cut()
    {
        _host.Program = _ => new(0, Encoding.ASCII.GetBytes(new string('x', 3000)), TookAll: true, TimedOut: false);
        _host.Run("A=`printf`\n:0\n$A\n");
        Assert.Equal(2044, _host.Delivered[0].Length);
        Assert.Contains("Excessive output quenched from \"printf\"", _host.Written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A program of a condition is given what an expression there is matched with.</summary>
    [Theory]
    [InlineData(":0\n* ? p\nx\n", "From a@b\nSubject: a  b\n\n")]
    [InlineData(":0 B\n* ? p\nx\n", "At noon?\n\n")]
    [InlineData(":0\n* B ?? ? p\nx\n", "At noon?\n\n")]
    [InlineData(":0 HB\n* ? p\nx\n", "From a@b\nSubject: a  b\n\nAt noon?\n\n")]
    [InlineData("V='a b'\n:0\n* V ?? ? p\nx\n", "a b\n")]
    public void A_program_of_a_condition_reads_what_the_condition_is_about(string rc, string expected)
    {
        var read = "";
        _host.Program = p =>
        {
            read = string.Concat(p.Input.Select(i => Encoding.Latin1.GetString(i.Span)));
            return new(0, default, TookAll: true, TimedOut: false);
        };
        _host.Run(rc, mail: "From a@b\nSubject: a\n b\n\nAt noon?\n");
        Assert.Equal(expected, read);
    }

    /// <summary>How rcfiles ask whether a variable is empty: it was found empty whatever it held.</summary>
    [Theory]
    [InlineData("", "^^^^", true)]
    [InlineData("ab", "^^^^", false)]
    [InlineData("ab", "()^^^^", false)]
    [InlineData("ab", "b^^^^", false)]
    [InlineData("ab", "^^^^a", false)]
    [InlineData("ab", "^^ab^^", true)]
    [InlineData("ab", "x|^^a", true)]
    [InlineData("ab", "()^^", true)]
    public void Two_edges_are_an_empty_text(string value, string pattern, bool matches)
    {
        _host.Run($"V={value}\n:0\n* V ?? {pattern}\nbox\n");
        Assert.Equal(matches ? "box" : "inbox", Assert.Single(_host.Delivered));
    }

    /// <summary>What moves a cursor is a blank in the log, and a message that goes nowhere has its last copy's folder there.</summary>
    [Fact]
    public void The_log_has_one_line_for_a_subject_and_the_last_folder_where_HOST_ends_all()
    {
        _host.Run("LOGFILE=log\n:0 c\nbox\n:0\n* ^Subject\n{ HOST }\n", isStrict: true, mail: "From a@b\nSubject: a\rb\tc\n\nd\n");
        Assert.EndsWith(
            "From a@b\n Subject: a b c\n  Folder: box\t\t\t\t\t\t\t\t     27\n", _host.Written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>
    /// procmail reads a condition behind a dollar again when the values are in, and runs what a message has written there. Safe mode runs
    /// nothing that a message wrote, and what it did not write as ever.
    /// </summary>
    [Theory]
    [InlineData("$ $S", "? touch x", false)]
    [InlineData("$ ! $S", "? touch x", false)]
    [InlineData("$ $S", "$ `touch x`", false)]
    [InlineData("$ $S", "1^0 $ `touch x`", false)]
    [InlineData("$ $S", "< `touch x`", false)]
    [InlineData("$ $S", "$ ? touch x", false)]
    [InlineData("$ ? test $S", "a; touch x", false)]
    [InlineData("$ ? test $S", "`touch x`", false)]
    [InlineData("$ ? test $S", "plain", true)]
    [InlineData("$ $OWN", "", true)]
    [InlineData("$ $OWN$S", "; touch x", false)]
    [InlineData("? test $S", "a; touch x", true)]
    public void Nothing_that_a_message_wrote_is_run(string condition, string written, bool isSafe)
    {
        var rc = $"OWN='? test own '\nSHELL=/bin/sh\n:0\n* ^Subject: \\/.*\n{{ S=$MATCH }}\n:0\n* {condition}\nbox\n";
        var mail = $"From a@b Mon\nSubject: {written}\n\nb\n";
        _host.Run(rc, mail: mail);
        Assert.Equal(isSafe, _host.Ran.Count > 0);
        Assert.Equal(!isSafe && written.Length > 0, _host.Written.ToString().Contains("L40", StringComparison.Ordinal));
        _host.Run(rc, isStrict: true, mail: mail);
        Assert.NotEmpty(_host.Ran);
    }

    [Theory]
    [InlineData("TRAP=\"log $MATCH\"\n", "a; touch x", 0)]
    [InlineData("TRAP=\"log $MATCH\"\n", "a", 1)]
    [InlineData("TRAP='log $MATCH'\n", "a; touch x", 1)]
    public void A_trap_is_no_command_of_the_message(string rc, string written, int runs)
    {
        _host.Run($":0\n* ^Subject: \\/.*\n{{ {rc} }}\n", mail: $"From a@b Mon\nSubject: {written}\n\nb\n");
        Assert.Equal(runs, _host.Ran.Count);
    }

    /// <summary>The ways in which procmail loses a mail: safe by default, procmail's own where that is asked for.</summary>
    [Theory]
    [InlineData(":0 f\n| filter\n", 1, "rubbish", false)]
    [InlineData(":0 fw\n| filter\n", 0, "", false)]
    [InlineData(":0 fwi\n| filter\n", 0, "", false)]
    [InlineData(":0 f\n| filter\n", 137, "", false)]
    [InlineData(":0 f\n| filter\n", 1, "rubbish", true)]
    [InlineData(":0 fw\n| filter\n", 0, "", true)]
    public void A_filter_that_fails_leaves_the_message(string rc, int status, string output, bool isStrict)
    {
        _host.Program = _ => new(status, Encoding.ASCII.GetBytes(output), TookAll: true, TimedOut: false);
        _host.Run(rc, isStrict);
        Assert.Equal(isStrict ? output : FakeHost.Mail, Assert.Single(_host.Contents));
        Assert.Equal(isStrict ? 0 : 1, _host.Written.ToString().Split("--strict-procmail").Length - 1);
    }

    [Theory]
    [InlineData(":0\n| program\n", false)]
    [InlineData(":0\n! me@example.com\n", false)]
    [InlineData(":0\n| program\n", true)]
    public void A_program_that_fails_does_not_take_the_message_with_it(string rc, bool isStrict)
    {
        _host.Program = p => new(p.Waits ? 5 : null, default, TookAll: true, TimedOut: false);
        Assert.Equal(0, _host.Run(rc, isStrict).ExitCode);
        Assert.Equal(isStrict ? [] : ["inbox"], _host.Delivered);
    }

    [Theory]
    [InlineData(false, 75)]
    [InlineData(true, 0)]
    public void Another_host_defers(bool isStrict, int exitCode)
    {
        Assert.Equal(exitCode, _host.Run("HOST=elsewhere\n", isStrict).ExitCode);
        Assert.Empty(_host.Delivered);
    }

    /// <summary>However a run ends, a copy's block within it too, the next message finds no lock of it.</summary>
    [Theory]
    [InlineData("LOCKFILE=a\n:0 c: b\n{\nLOCKFILE=c\n:0\n! eve@example.net\n}\n")]
    [InlineData("LOCKFILE=a\n:0 c: b\n{\nLOCKFILE=c\n:0: d\n| program\n}\n")]
    [InlineData(":0 c\n{\nLOCKFILE=c\nA=`program`\n}\n")]
    [InlineData("LOCKFILE=a\n:0: b\n* ? program\nbox\n")]
    public void Locks_are_given_back_whatever_happens(string rc)
    {
        _host.Forwards = 0;
        _host.Program = _ => throw new OperationCanceledException();
        _ = Record.Exception(() => _host.Run(rc));
        Assert.NotEmpty(_host.Locked);
        Assert.Empty(_host.Held);
    }

    [Fact]
    public void A_recipe_file_may_include_itself_for_a_while()
    {
        _host.RcFiles["/home/rc"] = "INCLUDERC=/home/rc\n:0\nbox\n";
        Assert.Equal(0, _host.Run(_host.RcFiles["/home/rc"]).ExitCode);
        Assert.Equal(["box"], _host.Delivered);
    }

    /// <summary>Twice within itself is two to the power of the depth, and switching has no depth at all.</summary>
    [Theory]
    [InlineData("INCLUDERC=/home/rc\nINCLUDERC=/home/rc\n:0\nbox\n")]
    [InlineData(":0 c\n{\nINCLUDERC=/home/rc\n}\nINCLUDERC=/home/rc\n:0\nbox\n")]
    [InlineData("SWITCHRC=/home/rc\n:0\nbox\n")]
    public void A_recipe_file_that_goes_into_itself_ends(string rc)
    {
        _host.RcFiles["/home/rc"] = rc;
        Assert.Equal(0, _host.Run(rc).ExitCode);
        Assert.NotEmpty(_host.Delivered);
    }

    [Fact]
    public void Locks_are_taken_where_they_do_something()
    {
        _host.Run(":0 c: my.lock\nbox\n:0 wc:\n| cat >>out\n:0 c:\n.Junk/\n:0\nend\n");
        Assert.Equal(["my.lock", "out.lock"], _host.Locked);
    }

    /// <summary>A block's copy belongs to the same delivery: it would break its own lock, and give it back for both.</summary>
    [Theory]
    [InlineData(":0 c: x\n{\n:0 w: x\n| program\n}\n:0\nbox\n")]
    [InlineData("LOCKFILE=x\n:0 c\n{\n:0 w: x\n| program\n}\n:0\nbox\n")]
    [InlineData("LOCKFILE=x\n:0 c\n{\nLOCKFILE=x\n:0 c\nother\n}\n:0\nbox\n")]
    public void A_lock_is_taken_once_for_a_delivery(string rc)
    {
        _host.Run(rc);
        Assert.Equal(["x"], _host.Locked);
        Assert.Empty(_host.Held);
        Assert.Contains("Deadlock attempted on \"x\"", _host.Written.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_copied_block_runs_on_by_itself()
    {
        _host.Run("R=outer\n:0 c\n{\nR=inner\n}\n:0\n$R\n");
        Assert.Equal(["inner", "outer"], _host.Delivered);
    }

    /// <summary>A copy of each copy would be two to the power of their number.</summary>
    [Theory]
    [InlineData("INCLUDERC=$_\n:0 c\n{ }\n")]
    [InlineData(":0 c\n{\n:0 c\n{\nSWITCHRC=$_\n}\n}\n")]
    public void Copies_of_copies_end(string rc)
    {
        Assert.True(_host.Run(rc).IsDelivered);
        Assert.InRange(_host.Delivered.Count, 2, 257);
        Assert.Contains("Failed forking", _host.Written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Many copies are carried out while a person may mean them.</summary>
    [Fact]
    public void Hundred_copies_are_made()
    {
        var copies = string.Concat(Enumerable.Range(1, 100).Select(i => $":0 c\nbox{i}\n"));
        Assert.True(_host.Run(copies + ":0 c\n{\n:0\nown\n}\n").IsDelivered);
        Assert.Equal(102, _host.Delivered.Count);
    }

    /// <summary>A value from the mail that names its own variable behind a dollar was expanded again and again.</summary>
    [Theory(Timeout = 20_000)]
    [InlineData("$ $A")]
    [InlineData("$ ! $A")]
    [InlineData("1^0 $ $A")]
    public async Task A_condition_that_expands_to_itself_does_not_hold(string condition)
    {
        var outcome = await Task.Run(() => _host.Run($"A='$ $A'\n:0\n* {condition}\nbox\n"), TestContext.Current.CancellationToken);
        Assert.True(outcome.IsDelivered);
        Assert.Equal("inbox", Assert.Single(_host.Delivered));
        Assert.Contains("/home/.procmailrc:3:3;", _host.Written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Whatever a file says, one message ends in one place, and nothing throws.</summary>
    [Fact]
    public void Any_file_ends()
    {
        var word = Gen.Int[0, _words.Length - 1].Select(i => _words[i]);
        word.Array[0, 40].Sample(words =>
        {
            var rc = string.Concat(words);
            // CsCheck asks on several threads: each file has a world of its own.
            var host = new FakeHost();
            host.RcFiles["/home/.procmailrc"] = rc;
            var mail = Encoding.Latin1.GetBytes(FakeHost.Mail);
            var run = new RecipeRun(new(), host, new() { LogName = "backstop" }, mail, FakeHost.Variables(), "/home");
            var outcome = run.Execute(["/home/.procmailrc"]);
            return outcome.IsDelivered || outcome.ExitCode == 75;
        }, iter: 3000);
    }
}
