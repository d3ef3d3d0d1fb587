using System.CommandLine;
using System.Diagnostics;
using Backstop.Commands;
using Backstop.Terminal;

namespace Backstop.Tests.Commands;

/// <summary>The command that a verb proposes does to the same messages what the one before it showed.</summary>
public sealed class NextCommandTests
{
    private const string Awkward = "it's \"$HOME\" `x` ~ * \\ --to ä";

    // --apply is what the proposed command adds. A line with --undo cleans nothing, and --help prints this help.
    private static readonly string[] _others = ["--apply", "--undo"];

    public static TheoryData<string> CleanOptions => [.. Clean(out _).Options.Select(o => o.Name).Except(_others)];

    [Theory]
    [MemberData(nameof(CleanOptions))]
    public void Clean_repeats_every_option_as_it_was_given(string name)
    {
        var command = Clean(out var all);
        var option = command.Options.Single(o => o.Name == name);
        string[] values = option.ValueType == typeof(bool) ? []
            : option.ValueType == typeof(int) ? ["7"]
            : option.AllowMultipleArgumentsPerToken || option.ValueType.IsArray ? [Awkward, "-x"] : [Awkward];
        string[] given = values.Length == 0 ? [name] : [.. values.Select(v => $"{name}={v}")];
        var parsed = command.Parse(given);
        Assert.Empty(parsed.Errors);
        var words = Shell("x" + all.ReadOutput(parsed, 1).Repeated)[1..];
        var again = command.Parse(words);
        Assert.Empty(again.Errors);
        Assert.NotEmpty(words);
        Assert.Equal(values, again.GetResult(option)!.Tokens.Select(t => t.Value));
    }

    [Fact]
    public void Options_that_were_not_given_are_not_repeated()
    {
        var command = Clean(out var all);
        var output = all.ReadOutput(command.Parse(["--apply"]), 1);
        Assert.Equal(("", ""), (output.Repeated, output.RepeatedByUndo));
    }

    [Fact]
    public void Files_about_several_mailboxes_are_not_written_again_about_one()
    {
        var command = Clean(out var all);
        var parsed = command.Parse(["--report", "r.html", "--hosts", "h", "--hosts-rbldnsd", "z", "--hosts-postfix", "p", "--rate", "5"]);
        Assert.Equal(" --rate 5", all.ReadOutput(parsed, 2).Repeated);
    }

    [Fact]
    public void Undo_is_told_where_the_run_is_and_whom_to_trust()
    {
        var command = Clean(out var all);
        var parsed = command.Parse(["--state", "my runs", "--ca", "ca.pem", "--inbox-only"]);
        Assert.Equal(" --state 'my runs' --ca ca.pem", all.ReadOutput(parsed, 1).RepeatedByUndo);
    }

    [Theory]
    [InlineData("/home/me/Maildir", "/home/me/Maildir")]
    [InlineData("", "''")]
    [InlineData("~/Mail", "'~/Mail'")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", "'it'\\''s'")]
    public void Words_are_quoted_where_a_shell_would_change_them(string word, string quoted) =>
        Assert.Equal(quoted, ShellWords.Quote(word));

    private static Command Clean(out CleanArguments all)
    {
        var command = new Command("clean");
        all = new CleanArguments();
        all.AddTo(command);
        return command;
    }

    private static string[] Shell(string words)
    {
        using var shell = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", $"printf '%s\\0' {words}"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return output.Split('\0')[..^1];
    }
}
