using System.CommandLine;
using Backstop.Commands;
using Backstop.Manual;

namespace Backstop.Tests.Commands;

/// <summary>The whole command line: help, examples, mistakes, manual pages.</summary>
public sealed class CommandLineTests
{
    public static TheoryData<string> AllVerbs() => [.. Shown(Verbs.All()).Select(VerbNotes.Path)];

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public void Every_help_has_two_examples_that_can_be_given(string path)
    {
        var verb = Shown(Verbs.All()).Single(v => VerbNotes.Path(v) == path);
        var note = VerbNotes.Of(verb);
        Assert.NotNull(note);
        Assert.InRange(note.Examples.Count, 2, 4);
        foreach (var words in note.Examples.SelectMany(Commands))
        {
            Assert.Empty(Mistakes.Of(Verbs.Parse(words)));
        }
    }

    /// <summary>An example shows the verb whose help it stands in, or one that is needed before it.</summary>
    [Theory]
    [MemberData(nameof(AllVerbs))]
    public void An_example_is_of_its_verb(string path)
    {
        var verb = Shown(Verbs.All()).Single(v => VerbNotes.Path(v) == path);
        var begins = verb is RootCommand ? "backstop " : $"backstop {path} ";
        Assert.Contains(VerbNotes.Of(verb)!.Examples, e => (e + " ").Contains(begins, StringComparison.Ordinal));
    }

    [Fact]
    public void Help_ends_with_examples_and_exit_codes()
    {
        var output = new StringWriter();
        Assert.Equal(0, Verbs.Parse(["scan", "--help"]).Invoke(new() { Output = output }));
        var help = output.ToString();
        Assert.Contains("Examples:\n  backstop scan mail.eml\n", help, StringComparison.Ordinal);
        Assert.Contains(
            "Exit codes:\n   0  done\n   1  a message is spam\n  64  the command line is wrong\n", help, StringComparison.Ordinal);
    }

    /// <summary>Who asks for help has not yet named the mailbox.</summary>
    [Theory]
    [InlineData("clean", "--help")]
    [InlineData("lint", "-h")]
    [InlineData("queue", "--help")]
    [InlineData("journal", "import", "--help")]
    [InlineData("clean", "-x", "--help")]
    public void Help_needs_no_other_argument(params string[] args) => Assert.Empty(Mistakes.Of(Verbs.Parse(args)));

    [Theory]
    [InlineData("sttus", "unknown verb sttus; did you mean status?")]
    [InlineData("queue lst", "unknown verb lst; did you mean list?")]
    [InlineData("xyzzy", "unknown verb xyzzy; see backstop --help")]
    [InlineData("status --jsn", "unknown option --jsn; did you mean --json?")]
    [InlineData("status --xyzzy", "unknown option --xyzzy; see backstop status --help")]
    [InlineData("clean --halp", "unknown option --halp; did you mean --help?; an argument that begins with - goes behind --")]
    [InlineData("queue list --hepl", "unknown option --hepl; did you mean --help?")]
    [InlineData("reload now", "reload: \"now\" is one argument too many; see backstop reload --help")]
    [InlineData("queue", "queue: which of list, show, hold, release, deliver, redirect, delete, restore?")]
    public void A_mistake_is_answered_with_what_was_meant(string line, string mistake) =>
        Assert.Equal([mistake], Mistakes.Of(Verbs.Parse(line.Split(' '))));

    [Theory]
    [InlineData("scan", "-")]
    [InlineData("scan", "--", "-x")]
    [InlineData("clean", "--", "--halp")]
    [InlineData("learn", "spam", "./-x")]
    public void A_file_may_begin_with_a_dash_where_it_is_said_to_be_one(params string[] args) =>
        Assert.Empty(Mistakes.Of(Verbs.Parse(args)));

    /// <summary>The pages in docs/man are those that the definitions make. UPDATE_GOLDEN=1 rewrites them; read the diff.</summary>
    [Fact]
    public void Manual_pages_are_up_to_date()
    {
        var folder = Path.Combine(HouseRulesTests.Root(), "docs", "man");
        var pages = ManPages.All(Verbs.All());
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(folder);
            Directory.EnumerateFiles(folder).ToList().ForEach(File.Delete);
            foreach (var (name, text) in pages)
            {
                File.WriteAllText(Path.Combine(folder, name), text);
            }
        }

        Assert.Equal(pages.Keys, Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.All(pages, p => Assert.Equal(File.ReadAllText(Path.Combine(folder, p.Key)), p.Value));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void A_completion_script_knows_every_verb_and_option(string shell)
    {
        var root = Verbs.All();
        var script = Completions.For(shell, root);
        Assert.All(Shown(root).Where(v => v is not RootCommand), v => Assert.Contains(v.Name, script, StringComparison.Ordinal));
        Assert.All(
            Shown(root).SelectMany(v => v.Options).Where(o => o.Name.StartsWith("--", StringComparison.Ordinal) && !o.Hidden),
            o => Assert.Contains(o.Name.TrimStart('-'), script, StringComparison.Ordinal));
        Assert.DoesNotContain("man-pages", script, StringComparison.Ordinal);
    }

    private static IEnumerable<Command> Shown(Command verb) => verb.Subcommands.Where(s => !s.Hidden).SelectMany(Shown).Prepend(verb);

    // The command lines of backstop in an example: without its comment, and what a shell does for it.
    private static IEnumerable<string[]> Commands(string example)
    {
        var line = example.Split("  #")[0].Replace("<(backstop completion bash)", "", StringComparison.Ordinal);
        foreach (var part in line.Split([" | ", " && "], StringSplitOptions.None))
        {
            var words = part.Split([" < ", " > ", " >> "], StringSplitOptions.None)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var at = Array.LastIndexOf(words, "backstop");
            if (at >= 0 && words[at + 1] != "deliver")
            {
                yield return [.. words[(at + 1)..].Select(w => w.Trim('\''))];
            }
        }
    }
}
