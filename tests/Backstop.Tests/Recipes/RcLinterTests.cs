using Backstop.Recipes.Linting;
using CsCheck;

namespace Backstop.Tests.Recipes;

public class RcLinterTests
{
    /// <summary>Each finding in a file that has it, and how the file reads mended; null where a person must decide.</summary>
    [Theory]
    [InlineData("L01", ":0 fw: sa.lock\n| spamassassin\n", ":0 fw\n| spamassassin\n")]
    [InlineData("L02", ":0\njunk\n", ":0:\njunk\n")]
    [InlineData("L03", ":0:\n.Junk/\n", ":0\n.Junk/\n")]
    [InlineData("L04", ":0 f\n| cat\n", ":0 fw\n| cat\n")]
    [InlineData("L05", ":0\n| program\n", ":0 w\n| program\n")]
    [InlineData("L06", ":0 fw\n| grep -v x\n", null)]
    [InlineData("L07", ":0 fwc\n| cat\n", ":0 fw\n| cat\n")]
    [InlineData("L08", ":0 wc\n{\n:0\n* ^To\nbox/\n}\n", null)]
    [InlineData("L09", ":0: x.lock\n{\nA=b }\n", ":0\n{\nA=b }\n")]
    [InlineData("L10", ":0 w:\n| tee x\n", ":0 w: tee$LOCKEXT\n| tee x\n")]
    [InlineData("L11", ":0:\n| cat >>y\n", ":0 w:\n| cat >>y\n")]
    [InlineData("L12", ":0\n* ^From:.*example.org\nm/\n", ":0\n* ^From:.*example\\.org\nm/\n")]
    [InlineData("L13", ":0\n* ^X-Spam-Level: ***\nm/\n", ":0\n* ^X-Spam-Level: \\*\\*\\*\nm/\n")]
    [InlineData("L14", ":0\n* [[:digit:]]{3}\nm/\n", ":0\n* [0-9][0-9][0-9]\nm/\n")]
    [InlineData("L15", ":0\n* \\/foo\nm/\n", ":0\n* ()\\/foo\nm/\n")]
    [InlineData("L15", ":0\n* $\\/foo\nm/\n", ":0\n* $()\\/foo\nm/\n")]
    [InlineData("L16", ":0\n^Subject\nm/\n", ":0\n* ^Subject\nm/\n")]
    [InlineData("L17", ":0\n* ^a\n{R=b}\n", ":0\n* ^a\n{ R=b }\n")]
    [InlineData("L18", ":0\n* ^To # me\nm/\n", ":0\n* ^To\n# me\nm/\n")]
    [InlineData("L19", ":0\n* < 256k\nm/\n", ":0\n* < 262144\nm/\n")]
    [InlineData("L20", "ME=me\n:0\n* ^To:.*$ME\nm/\n", "ME=me\n:0\n* $ ^To:.*$\\ME\nm/\n")]
    [InlineData("L20", "ME=me\n:0\n* !$ME\nm/\n", "ME=me\n:0\n* $ !$\\ME\nm/\n")]
    [InlineData("L21", "ME=a.b\n:0\n* $ $ME\nm/\n", "ME=a.b\n:0\n* $ $\\ME\nm/\n")]
    [InlineData("L22", ":0 w\n* !^FROM_MAILER\n! other@x\n", null)]
    [InlineData(
        "L23", ":0 w\n* !^X-Loop: me\n| formail -r | $SENDMAIL -t\n",
        ":0 w\n* !^FROM_DAEMON\n* !^Auto-Submitted: *auto\n* !^Return-Path: *<>\n* !^X-Loop: me\n| formail -r | $SENDMAIL -t\n")]
    [InlineData("L24", ":0 w\n* !^X-Loop: me\n! other@x\n", ":0 w\n* !^FROM_MAILER\n* !^X-Loop: me\n! other@x\n")]
    [InlineData("L25", "EXITCODE=67\n", null)]
    [InlineData("L26", "HOST=x\n", "EXITCODE=75 HOST=x\n")]
    [InlineData("L27", ":0 h\nheads/\n", ":0 hc\nheads/\n")]
    [InlineData("L28", ":0\n* free\n/dev/null\n", null)]
    [InlineData("L29", ":0 fwi\n| cat\n", ":0 fw\n| cat\n")]
    [InlineData("L30", ":0\r\nm/\r\n", ":0\nm/\n")]
    [InlineData("L31", "A=\"b\n:0\nm/\n", null)]
    [InlineData("L32", ":0\nmd/new\n", ":0\nmd/\n")]
    [InlineData("L33", ":0 Wh: id.lock\n| formail -D 8192 id.cache\n", null)]
    [InlineData("L34", "* < 256000\n", null)]
    [InlineData("L35", ":0: c\nbox\n", ":0 c:\nbox\n")]
    [InlineData("L36", "LOGFILE=~/log\n", "LOGFILE=$HOME/log\n")]
    [InlineData("L37", ":0 w\n| program\n", "TIMEOUT=300\n:0 w\n| program\n")]
    [InlineData("L38", "LOCKFILE=rc.lock\nMAILDIR=$HOME/Mail\n", null)]
    [InlineData("L14", ":0\n* name=[\\d.]+\nm/\n", ":0\n* name=[0-9.]+\nm/\n")]
    [InlineData("L40", ":0\n* ^To: \\/.*\n* $ $MATCH\nm/\n", ":0\n* ^To: \\/.*\n* $ $\\MATCH\nm/\n")]
    [InlineData("L40", "S=`formail -xSubject:`\n:0\n* $ ! $S\nm/\n", "S=`formail -xSubject:`\n:0\n* $ ! $\\S\nm/\n")]
    [InlineData("L40", "S=`formail -xSubject:`\n:0\n* $ ? echo $S | grep x\nm/\n", null)]
    public void Finds_and_mends(string id, string rc, string? mended)
    {
        // Programs would all have L37: the others' rows are read with it settled.
        var settled = id == "L37" ? "" : id is "L30" ? "TIMEOUT=300\r\n" : "TIMEOUT=300\n";
        var finding = Assert.Single(RcLinter.Lint("rc", settled + rc), f => f.Id == id);
        Assert.NotEmpty(finding.Why);
        var after = RcLinter.Mend("rc", settled + rc, LintLevel.Hint);
        if (mended is null)
        {
            Assert.Null(finding.Edit);
            Assert.Contains(RcLinter.Lint("rc", after), f => f.Id == id);
        }
        else
        {
            Assert.Equal(settled.ReplaceLineEndings("\n") + mended, after);
            Assert.DoesNotContain(RcLinter.Lint("rc", after), f => f.Id == id);
        }
    }

    /// <summary>What reads like a fault and is none: seen in the recipes of SmartList and of procmail's module library.</summary>
    [Theory]
    [InlineData("L21", "N='[0-9]+'\n:0\n* $ ^X:.*$N\nm/\n")]
    [InlineData("L33", ":0\n| formail -iDate: -A\"X-Diagnostic: x\" | cat >>y\n")]
    [InlineData("L28", ":0 h\n* > 32768\n/dev/null\n")]
    [InlineData("L28", ":0 h\n* BOX ?? /dev/null\n/dev/null\n")]
    [InlineData("L02", ":0\nLists/Parking\\ Information/\n")]
    [InlineData("L02", ":0\n\"Lists/Parking Information/\"\n")]
    [InlineData("L06", ":0 fw\n| sb_filter.py 2> /dev/null\n")]
    [InlineData("L22", ":0\n* ^X-Loop: me\nseen\n:0 w\n! other@x\n")]
    [InlineData("L22", "MY_XLOOP='X-Loop: me'\n:0 w\n* $ ! $MY_XLOOP\n! other@x\n")]
    [InlineData("L23", ":0 w\n| formail -R\"From X-From_:\" -iDate: | $SENDMAIL $maintainer\n")]
    [InlineData("L23", ":0 w\n| formail -iReturn-Receipt-To: | $SENDMAIL $maintainer\n")]
    [InlineData("L28", ":0\n* ? fgrep -f blacklist\n{\n:0\n/dev/null\n}\n")]
    [InlineData("L29", ":0 fbwi\n| echo gone\n")]
    [InlineData("L33", ":0 Whc: id.lock\n| formail -D 8192 id.cache\n:0 a:\nduplicates\n")]
    [InlineData("L38", "INCLUDERC=rc.lists\nLOGFILE=log\nMAILDIR=$HOME/Mail\n")]
    [InlineData("L40", ":0\n* SCORE ?? ^^\\/[0-9.]+\n{\n:0\n* $ $MATCH^0\n{ S=1 }\n}\n")]
    [InlineData("L08", ":0 c\n{\n:0\nbox\n}\n")]
    [InlineData("L08", ":0 c\n{\n:0 c\n* x\nbox\nHOST\n}\n")]
    public void What_is_right_is_left(string id, string rc) => Assert.DoesNotContain(RcLinter.Lint("rc", rc), f => f.Id == id);

    [Theory]
    [InlineData("L11", ":0:\n| cat >>y\n")]
    [InlineData("L26", "HOST=continue_elsewhere\n")]
    [InlineData("L26", ":0\n{ HOST }\n")]
    [InlineData("L27", ":0 h\n| program\n")]
    [InlineData("L27", "NOWHERE=${NOWHERE:-/dev/null}\n:0 h\n$NOWHERE\n")]
    [InlineData("L01", ":0 fw: dist.lock\n| unsubscribe\n")]
    [InlineData("L04", ":0 fb\n| echo gone\n")]
    [InlineData("L08", ":0 c\n{\n:0 fhw\n| formail -r\n:0 a\n{ INCLUDERC=rc.reply }\n}\n")]
    [InlineData("L20", "UNREAD=no\n:0 B\n* $UNREAD\n{ A=b }\n")]
    [InlineData("L21", ":0\n* ^Reply-To: \\/.+\n* $ ^From:.*$MATCH\nbox\n")]
    [InlineData("L22", ":0 w\n! other@x\n")]
    [InlineData("L24", "MAILDIR=m\n:0 w\n* ^From:.*x@y\n! other@x\n")]
    [InlineData("L24", "MAILDIR=m\n:0 w\n* ^TO_list@\n! other@x\n")]
    [InlineData("L26", ":0\n{\nA=b\nHOST=bye\n}\n")]
    [InlineData("L28", ":0 c\n| program\n:0\n/dev/null\n")]
    [InlineData("L29", ":0 fwi\n| cat\n")]
    [InlineData("L12", ":0\n* ^From:.*example.org\nm/\n")]
    public void What_is_mostly_meant_is_a_hint(string id, string rc) =>
        Assert.Equal(LintLevel.Hint, Assert.Single(RcLinter.Lint("rc", rc), f => f.Id == id).Level);

    /// <summary>The letter O in the place of the digit.</summary>
    [Theory]
    [InlineData(":O\n* ^To\nm/\n", ":0\n* ^To\nm/\n")]
    [InlineData(": o\n* ^To\nm/\n", ":0\n* ^To\nm/\n")]
    [InlineData(":O:\n* ^To\nbox\n", ":0:\n* ^To\nbox\n")]
    [InlineData(":Ofw # why\n| cat\n", ":0 fw # why\n| cat\n")]
    public void A_letter_O_becomes_the_digit(string rc, string mended)
    {
        Assert.Contains(RcLinter.Lint("rc", rc), f => f.Id == "L35");
        Assert.Equal(mended, RcLinter.Mend("rc", rc));
    }

    /// <summary>A comment behind a tab became flags of the mended line.</summary>
    [Theory]
    [InlineData(":0\t\t# from Henry\nbox\n", ":0:\t\t# from Henry\nbox\n")]
    [InlineData(":0 f\t# why\n| cat\n", ":0 fw\t# why\n| cat\n")]
    public void A_comment_stays_one(string rc, string mended) => Assert.Equal(mended, RcLinter.Mend("rc", rc));

    [Theory]
    [InlineData("rc.spam", ":0 fw\n| cat\n", LintLevel.Hint)]
    [InlineData(".procmailrc", ":0 fw\n| cat\n", LintLevel.Warning)]
    [InlineData("rc", "MAILDIR=$HOME/Mail\n:0 fw\n| cat\n", LintLevel.Warning)]
    public void A_file_that_others_include_leaves_the_time_to_them(string path, string rc, LintLevel level)
    {
        Assert.Equal(level, Assert.Single(RcLinter.Lint(path, rc), f => f.Id == "L37").Level);
        Assert.Equal(level == LintLevel.Warning, RcLinter.Mend(path, rc).StartsWith("TIMEOUT", StringComparison.Ordinal));
    }

    /// <summary>Within brackets a dollar is a character, and $\NAME would add parentheses.</summary>
    [Fact]
    public void A_variable_within_brackets_is_mended_without_parentheses()
    {
        const string rc = "WSPC=' \t'\n:0\n* ^Subject:[$WSPC]*x\nm/\n";
        var finding = Assert.Single(RcLinter.Lint("rc", rc), f => f.Id == "L20");
        Assert.Contains("the letters of WSPC", finding.Why, StringComparison.Ordinal);
        Assert.Equal("* $ ^Subject:[$WSPC]*x", finding.Mended);
    }

    [Fact]
    public void Places_are_exact()
    {
        var finding = Assert.Single(RcLinter.Lint("rc", "# a comment\n:0:\n* ^From:.*example.org\n* ^To\nbox\n"), f => f.Id == "L12");
        Assert.Equal((3, 3), (finding.At.Line, finding.At.Column));
    }

    /// <summary>Recipes as they should be: nothing to say.</summary>
    [Theory]
    [InlineData("TIMEOUT=300\n:0 fw\n* < 262144\n| spamassassin\n\n:0:\n* ^X-Spam-Level: \\*\\*\\*\\*\\*\njunk\n")]
    [InlineData("MAILDIR=$HOME/Maildir\nDEFAULT=$MAILDIR/\n:0\n* ^List-Id:.*<\\/[-a-z0-9]+\n.lists.$MATCH/\n")]
    [InlineData(
        "TIMEOUT=300\n:0 Whc: vac.lock\n* !^FROM_DAEMON\n* !^X-Loop: me@example\\.org\n| formail -rD 8192 vac.cache\n\n:0 ehc\n| "
            + "(formail -rA\"X-Loop: me@example.org\"; echo away) | $SENDMAIL -t\n")]
    [InlineData(":0\n* ^Subject:.*(free|now)\n{ A=b }\n")]
    [InlineData(":0 h\n* ^Subject: x\n/dev/null\n")]
    [InlineData("TIMEOUT=300\nF=c\n:0 $F\nbox\n\n:0 ${cc:+c}:$L\n| cat >>x\n")]
    public void Good_recipes_have_no_findings(string rc) => Assert.Empty(RcLinter.Lint("rc", rc));

    [Fact]
    public void Any_text_can_be_linted_and_mending_ends() =>
        Gen.String[Gen.Char[" \n:0fwch*|!{}$`\"'\\^=#/Aa<>~.[]"], 0, 60].Sample(text =>
        {
            var mended = RcLinter.Mend("rc", text);
            return RcLinter.Mend("rc", mended) is not null;
        });
}
