using System.Text;
using Backstop.Recipes.Language;
using Backstop.Recipes.Running;
using CsCheck;

namespace Backstop.Tests.Recipes;

/// <summary>How lines are divided into words, as procmail 3.22 was seen to divide them.</summary>
public class RcReaderTests
{
    private const string Mail = "From ann@example.org Mon Nov  2 10:00:00 2026\nFrom: Ann <ann@example.org>\nSubject: lunch\n\nAt noon?\n";

    private readonly FakeHost _host = new() { Program = Echo };

    /// <summary>A comment is none of a program's arguments.</summary>
    [Theory]
    [InlineData(":0\n! bob@example.org   # my home address\n", "sm|-oi|bob@example.org")]
    [InlineData(":0\n| cat   # my filter\n", "cat")]
    [InlineData(":0\n* ? test -f x   # is it there\nbox\n", "test|-f|x")]
    [InlineData("A=`cat x # it`\n", "cat|x")]
    [InlineData("TRAP='cat x # it'\n:0\nbox\n", "cat|x")]
    [InlineData(":0\n| cat x > y   # my filter\n", "/bin/sh|-c| cat x > y   # my filter")]
    public void A_comment_is_no_argument(string rc, string expected)
    {
        var ran = new List<string>();
        _host.Program = p =>
        {
            ran.Add(string.Join('|', p.Arguments));
            return new(0, default, TookAll: true, TimedOut: false);
        };
        Run(rc);
        Assert.Equal(expected, Assert.Single(ran));
    }

    /// <summary>Lines recorded from procmail: <c>tests/recipes/words.txt</c>, a line and its words.</summary>
    [Fact]
    public void Words_are_those_procmail_reads()
    {
        var rows = File.ReadAllLines(Path.Combine(HouseRulesTests.Root(), "tests", "recipes", "words.txt"), Encoding.Latin1)
            .Where(l => l.Length > 0 && l[0] != ';').ToList();
        Assert.InRange(rows.Count, 300, 1000);
        Assert.All(rows, row =>
        {
            var cells = row.Split('\t');
            Assert.Equal((row, cells[1]), (row, Recorded(Plain(cells[0]))));
        });
    }

    /// <summary>Variables in the first line of a recipe, as SmartList and pm-lib write them.</summary>
    [Theory]
    [InlineData("F=c\n:0 $F\none\n:0\ntwo\n", "one two", "")]
    [InlineData("cc=yes\n:0 ${cc:+c}\none\n:0\ntwo\n", "one two", "")]
    [InlineData(":0 ${cc:+c}\none\n:0\ntwo\n", "one", "")]
    [InlineData("L=my.lock\ncc=yes\n:0 ${cc:+c}:$L\none\n:0\ntwo\n", "one two", "my.lock")]
    [InlineData("L=my.lock\n:0:$L\none\n", "one", "my.lock")]
    [InlineData("L=a\n:0: $L$LOCKEXT # comment\none\n", "one", "a.lock")]
    [InlineData(":0:$L\none\n", "one", "one.lock")]
    [InlineData("D=B\n:0 $D\n* noon\none\n", "one", "")]
    [InlineData("A='c :x'\n:0 $A\none\n:0\ntwo\n", "one two", "x")]
    [InlineData(":0 `echo c`\none\n:0\ntwo\n", "one two", "")]
    public void Flags_and_lockfiles_come_from_variables(string rc, string delivered, string locked)
    {
        _host.Program = _ => new(0, "c\n"u8.ToArray(), TookAll: true, TimedOut: false);
        Run("LOCKEXT=.lock\n" + rc);
        Assert.Equal(delivered, string.Join(' ', _host.Delivered));
        Assert.Equal(locked, string.Join(' ', _host.Locked.Where(l => l != "inbox.lock")));
    }

    /// <summary>procmail reads a folder's name before it knows what the line is, and goes on behind it as at the line's begin.</summary>
    [Theory]
    [InlineData("box   # where it goes", "box")]
    [InlineData("box#a", "box")]
    [InlineData("box.a#b", "box.a#b")]
    [InlineData("$B/#a", "ox/#a")]
    [InlineData("A=b", "A=b")]
    [InlineData("\"two words\"", "two words")]
    [InlineData("a\\ b", "a b")]
    [InlineData("no\0folder/", "no")]
    public void Folders_are_named_as_procmail_reads_them(string line, string folder)
    {
        Run($"B=ox\n:0\n{line}\n");
        Assert.Equal([folder], _host.Delivered);
    }

    /// <summary>Whether a # begins a comment depends on what stands before it when the recipe runs.</summary>
    [Theory]
    [InlineData("${U-`echo x`#}#a", "x##a")]
    [InlineData("${U-`echo x`#a", "x#a")]
    [InlineData("${U+x}#a", "")]
    [InlineData("${S-y}#a", "s#a")]
    [InlineData("$U#a", "")]
    [InlineData("$S#a", "s#a")]
    public void A_comment_begins_where_no_word_has(string address, string argument)
    {
        var words = new List<string>();
        _host.Program = p =>
        {
            words = p.Arguments[0] == "echo" ? words : [.. p.Arguments.Skip(2)];
            return new(0, "x"u8.ToArray(), TookAll: true, TimedOut: false);
        };
        Run($"S=s\n:0\n! {address}\n");
        Assert.Equal([argument], words);
    }

    /// <summary>What a brace drops took its text away and left its place noted: every delivery ended in exit code 75.</summary>
    [Theory]
    [InlineData("TRAP=\"log ${NONE:+$\\MATCH}\"\n:0\nbox\n")]
    [InlineData(":0\n* $ ? test x = x ${NONE:+$\\MATCH}\nbox\n")]
    [InlineData(":0\n* $ ? test x = x${NONE:+ $-}\nbox\n")]
    public void Dropped_text_leaves_no_place_that_mail_wrote(string rc)
    {
        _host.RcFiles["/home/rc"] = ":0\n* ^Subject: \\/.*\n{ }\nLASTFOLDER=long-name\n" + rc;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "inbox" };
        new RecipeRun(new(), _host, new(), Encoding.Latin1.GetBytes(Mail), variables, "/home").Execute(["/home/rc"]);
        Assert.Equal(["box"], _host.Delivered);
        Assert.Single(_host.Ran);
    }

    /// <summary>Wherever a text is cut, by a brace, the end of a line or LINEBUF, places lie within what is left.</summary>
    [Fact]
    public void Places_that_mail_wrote_lie_within_the_text()
    {
        string[] pieces =
        [
            "${N:+", "${M:+", "${M-", "}", "$M", "$\\M", "$-", "$_", "$1", "`m`", "\"", "'", "\\", " ", "a", "#", "\n", "${N}",
        ];
        var texts = Gen.Select(Gen.Int[0, pieces.Length - 1].Array[0, 14], Gen.Int[0, 2], Gen.Int[1, 20], Gen.Bool);
        texts.Sample((chosen, reading, limit, quoted) =>
        {
            var text = string.Concat(chosen.Select(i => pieces[i]));
            var reader = new RcReader(text, 0, (RcReading)reading, new MailValues(), limit, quoted).Read();
            var written = new Expanded(reader.Text, reader.FromMail);
            _ = written.IsCommandOfMail || written.IsFromMail(0);
            return reader.FromMail.All(r => r.Start.Value < r.End.Value && r.End.Value <= reader.Text.Length);
        }, iter: 20_000);
    }

    // As the recording shows them: "[-f][a][b]", or "<value>".
    private static string Recorded(string rc)
    {
        var shown = new StringBuilder();
        var host = new FakeHost();
        host.Program = program =>
        {
            if (program.Arguments[0] != "sm")
            {
                return Echo(program);
            }

            shown.Append(string.Concat(program.Arguments.Skip(1).Select(a => $"[{a}]")));
            return new(0, default, TookAll: true, TimedOut: false);
        };
        Run(host, $"A='x y'\nB='a.b|c'\nE=\nU\n{rc}", ["arg one", "two"]);
        return Escaped(host.Written.ToString() + shown);
    }

    private static ProgramOutcome Echo(ProgramCall program)
    {
        var output = program.Arguments[0] == "echo" ? string.Join(' ', program.Arguments.Skip(1)) + "\n" : "";
        return new(0, Encoding.Latin1.GetBytes(output), TookAll: true, TimedOut: false);
    }

    private static string Plain(string text) =>
        text.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal)
            .Replace("\\s", "\\", StringComparison.Ordinal);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\s", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\t", "\\t", StringComparison.Ordinal);

    private void Run(string rc) => Run(_host, rc, []);

    private static void Run(FakeHost host, string rc, IReadOnlyList<string> arguments)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "inbox", ["SENDMAIL"] = "sm" };
        host.RcFiles["/home/rc"] = rc;
        new RecipeRun(new(), host, new() { IsStrict = true, Arguments = arguments }, Encoding.Latin1.GetBytes(Mail), variables, "/home")
            .Execute(["/home/rc"]);
    }

    // Everything but N is set, and mail wrote it.
    private sealed class MailValues : IRcValues
    {
        public bool AreKnown => true;

        public string? Variable(string name) => name == "N" ? null : "m; x ";

        public bool IsFromMail(string name) => name != "N";

        public string Special(char name) => "s s";

        public string Output(string command, int room) => "out"[..Math.Min(room, 3)];

        public bool IsForShell(string command) => false;

        public void Complain(string text)
        {
        }
    }
}
