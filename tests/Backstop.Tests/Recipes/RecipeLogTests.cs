using System.Text;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

/// <summary>The log in procmail 3.22's words, which people's scripts read.</summary>
public class RecipeLogTests
{
    private const string Mail =
        "From ann@example.org Mon Nov  2 10:00:00 2026\nFrom: Ann <ann@example.org>\nSubject: lunch\n at noon\n\nSoup?\n";

    private readonly FakeHost _host = new();

    [Theory]
    [InlineData(":0 hb\n{ }\n", "Extraneous deliver-body flag ignored|Extraneous deliver-head flag ignored")]
    [InlineData(
        ":0 ir:\n{ }\n",
        "Extraneous locallockfile ignored|Extraneous ignore-write-error flag ignored|Extraneous raw-mode flag ignored")]
    [InlineData(":0 f\nbox\n", "Extraneous filter-flag ignored")]
    [InlineData(":0 f\n{ }\n", "Extraneous filter-flag ignored")]
    [InlineData(":0 fcw\n| cat\n", "Extraneous copy-flag ignored")]
    [InlineData(":0 c\nV=| cat\n", "Extraneous copy-flag ignored")]
    [InlineData(":0 c:\n{ }\n", "")]
    [InlineData(":0 eEa\n* ^Nothing\nbox\n", "Conflicting else-if-flag suppressed|Conflicting also-if-succeeded-flag suppressed")]
    public void Flags_that_mean_nothing_are_named(string rc, string lines)
    {
        _host.Program = _ => new(0, Encoding.Latin1.GetBytes(Mail), TookAll: true, TimedOut: false);
        Assert.Equal(lines, Run(rc));
    }

    /// <summary>They are read over, and what is read is judged.</summary>
    [Fact]
    public void Flags_of_recipes_that_are_passed_over_are_named_too() =>
        Assert.Equal(
            "Extraneous deliver-head flag ignored|Extraneous filter-flag ignored|Skipped \"Q\"|Skipped \"* stray\"",
            Run(":0\n* ^Nothing\n{\n:0 h\n{ }\n:0 f\nbox\n:0 Q\nbox\n* stray\n}\n"));

    [Theory]
    [InlineData(":0 w\n| false a b\n", "Program failure (1) of \"false\"")]
    [InlineData(":0 fw\n| false a b\n", "Program failure (1) of \"false\"|Rescue of unfiltered data succeeded")]
    [InlineData(":0 w\n| false a; b\n", "Program failure (1) of \" false a; b\"")]
    [InlineData(":0 w\n! a b\n", "Program failure (1) of \"/usr/sbin/sendmail\"")]
    [InlineData(":0 W:\n| $HOME/cat a b\n", "Couldn't determine implicit lockfile from \"/home/cat\"")]
    public void A_program_is_named_without_its_arguments_where_no_shell_reads_them(string rc, string lines)
    {
        _host.Program = _ => new(1, default, TookAll: true, TimedOut: false);
        Assert.Equal(lines, Run(rc));
    }

    [Theory]
    [InlineData(":0 fW\n| false\n", "")]
    [InlineData("VERBOSE=on\n:0 fW\n| false\nVERBOSE=off\n", "Non-zero exitcode (1) from \"false\"")]
    public void A_filter_that_is_looked_away_from_is_not_logged(string rc, string line)
    {
        _host.Program = _ => new(1, default, TookAll: true, TimedOut: false);
        var lines = Run(rc);
        Assert.Equal(line.Length > 0, lines.Contains("Rescue", StringComparison.Ordinal));
        Assert.Contains(line, lines, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("* ^Nothing\n", "Exceeded LINEBUF")]
    [InlineData("", "Exceeded LINEBUF")]
    public void A_condition_beyond_LINEBUF_is_named_although_the_one_before_did_not_hold(string before, string line) =>
        Assert.Equal(line, Run($":0\n{before}* ^From:.*{new string('x', 3000)}\nbox\n"));

    [Fact]
    public void A_condition_s_program_that_fails_is_named_under_verbose()
    {
        _host.Program = _ => new(2, default, TookAll: true, TimedOut: false);
        Assert.Contains(
            "Non-zero exitcode (2) from \"grep\"|No match on", Run("VERBOSE=on\n:0\n* ? grep x\nbox\n"), StringComparison.Ordinal);
        _host.Written.Clear();
        Assert.Equal("", Run(":0\n* ? grep x\nbox\n"));
    }

    /// <summary>What was given to a program last is the size of a mail that ends nowhere.</summary>
    [Fact]
    public void A_mail_that_ends_nowhere_has_the_size_of_what_a_program_got()
    {
        Run("LOGFILE=log\n:0\n* ? program\n{ HOST }\n");
        Assert.Matches($"  Folder: \t+ +{Mail.IndexOf("\n\n", StringComparison.Ordinal) + 2}\n", _host.Written.ToString());
    }

    /// <summary>procmail has the header's folds undone while it looks at it, and may end then.</summary>
    [Theory]
    [InlineData(":0\n* ^Nothing\nbox\nHOST=other\n", " Subject: lunch  at noon")]
    [InlineData(":0 B\n* ^Nothing\nbox\nHOST=other\n", " Subject: lunch\n")]
    [InlineData(":0\n* ^Nothing\nbox\n", " Subject: lunch\n")]
    [InlineData(":0\n* ^Subject\nbox\n", " Subject: lunch\n")]
    public void A_folded_subject_is_one_line_while_conditions_are_read(string rc, string subject)
    {
        Run("LOGFILE=log\n" + rc);
        Assert.Contains(subject, _host.Written.ToString(), StringComparison.Ordinal);
    }

    // The complaints, without what is in front of them.
    private string Run(string rc)
    {
        _host.RcFiles["/home/.procmailrc"] = rc;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        RecipeDefaults.Set(variables, "/home", "bob", _host.HostName, "inbox");
        var options = new RecipeOptions { IsStrict = true, LogName = "procmail" };
        new RecipeRun(new(), _host, options, Encoding.Latin1.GetBytes(Mail), variables, "/home").Execute(["/home/.procmailrc"]);
        return string.Join('|', _host.Written.ToString().Split('\n')
            .Where(l => l.StartsWith("procmail: ", StringComparison.Ordinal)).Select(l => l["procmail: ".Length..]));
    }
}
