using System.Globalization;
using System.Text;
using Backstop.Recipes.Running;

namespace Backstop.Tests.Recipes;

public class RcProgramTests
{
    private readonly RcProgram _program = new();
    private readonly FakeHost _host = new();

    [Fact]
    public void A_file_is_parsed_once_while_its_text_is_the_same()
    {
        _host.RcFiles["/rc"] = ":0\nbox\n";
        var first = _program.Read(_host, "/rc");
        Assert.Same(first, _program.Read(_host, "/rc"));

        _host.RcFiles["/rc"] = ":0\nother\n";
        Assert.NotSame(first, _program.Read(_host, "/rc"));

        _host.RcFiles.Remove("/rc");
        Assert.Null(_program.Read(_host, "/rc"));
    }

    /// <summary>A host hears what was read before, and only under the file's own name.</summary>
    [Fact]
    public void A_host_is_given_what_it_read_before()
    {
        (_host.RcFiles["/rc"], _host.RcFiles["/two"]) = ("A=b\n", "A=b\n");
        _program.Read(_host, "/rc");
        _program.Read(_host, "/rc");
        _program.Read(_host, "/two");
        Assert.Equal([null, "A=b\n", null], _host.Known.Select(k => k?.Text));
    }

    /// <summary>INCLUDERC may name a file that follows from the mail: memory stays bounded.</summary>
    [Fact]
    public void Files_beyond_the_bound_are_read_again()
    {
        for (var i = 0; i <= 1000; i++)
        {
            _host.RcFiles[$"/{i}"] = "A=b\n";
            _program.Read(_host, $"/{i}");
        }

        _host.Known.Clear();
        _program.Read(_host, "/0");
        _program.Read(_host, "/1000");
        Assert.Equal([null, "A=b\n"], _host.Known.Select(k => k?.Text));
    }

    [Fact]
    public void An_expression_is_compiled_once_for_each_case_while_there_are_few()
    {
        var first = _program.Expression("^a", ignoreCase: true);
        Assert.Same(first, _program.Expression("^a", ignoreCase: true));
        Assert.NotSame(first, _program.Expression("^a", ignoreCase: false));

        for (var i = 0; i < 2000; i++)
        {
            _program.Expression($"^{i}", ignoreCase: true);
        }

        Assert.NotSame(first, _program.Expression("^a", ignoreCase: true));
    }

    [Fact]
    public void What_mail_writes_into_an_expression_is_not_kept()
    {
        var kept = _program.Expression("^Subject: \\/.*", ignoreCase: true);
        for (var i = 0; i < 2100; i++)
        {
            Run(_program, _host, ":0\n* ^Subject: \\/.*\n{ A=$MATCH }\n:0\n* $ ^X-Is: $\\A\n* $ ^$A\nbox\n", $"Subject: {i}\n\n");
        }

        Assert.Same(kept, _program.Expression("^Subject: \\/.*", ignoreCase: true));
    }

    /// <summary>Each of many messages at a time ends where it ends alone, also while their rcfile changes.</summary>
    [Fact]
    public void Many_messages_run_one_program_at_a_time()
    {
        string[] files =
        [
            "INCLUDERC=/home/common\n:0\n* 1^1 B ?? o\n* -3^0\nmany\n:0\n* ^Subject: \\/[0-9]+\nbox$MATCH\n",
            "INCLUDERC=/home/common\n:0\n* ! ^Subject: \\/[0-9]*7$\n* $ ^Subject: $MATCH\nnone\n:0 D\n* ^SUBJECT\nupper\n:0 "
                + "c\n{\n:0\ncopy\n}\n",
        ];
        var mails = Enumerable.Range(0, 40)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"Subject: {i}\nTo: bob\n\n{new string('o', i % 9)}\n")).ToList();
        var alone = files.Select(rc => mails.ConvertAll(m => Delivered(new(), rc, m))).ToList();
        Assert.True(alone.SelectMany(a => a).Distinct(StringComparer.Ordinal).Count() > 20);

        var together = new string[2000];
        Parallel.For(
            0, together.Length, new() { MaxDegreeOfParallelism = 8 },
            i => together[i] = Delivered(_program, files[i % 2], mails[i / 2 % mails.Count]));
        Assert.Equal(Enumerable.Range(0, together.Length).Select(i => alone[i % 2][i / 2 % mails.Count]), together);
    }

    private static string Delivered(RcProgram program, string rc, string mail)
    {
        var host = new FakeHost();
        host.RcFiles["/home/common"] = ":0\n* ^To: alice\nalice\n:0\n* ^Subject: 1?3$\nthree\n";
        Run(program, host, rc, mail);
        return string.Join(' ', host.Delivered);
    }

    private static void Run(RcProgram program, FakeHost host, string rc, string mail)
    {
        host.RcFiles["/home/rc"] = rc;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEFAULT"] = "inbox" };
        Assert.True(
            new RecipeRun(program, host, new(), Encoding.Latin1.GetBytes(mail), variables, "/home").Execute(["/home/rc"]).IsDelivered);
    }
}
