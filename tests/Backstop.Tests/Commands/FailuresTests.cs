using System.CommandLine;
using Backstop.Commands;

namespace Backstop.Tests.Commands;

/// <summary>How verbs end, and what their help offers.</summary>
public sealed class FailuresTests
{
    [Fact]
    public async Task Missing_permission_is_77_whether_for_reading_or_writing() =>
        Assert.Equal((ExitCode.NoPermission, "backstop: /x: denied\n"), await EndAsync(new UnauthorizedAccessException("/x: denied")));

    /// <summary>Nobody is shown a stack trace: what went wrong and where is one line.</summary>
    [Fact]
    public async Task Bug_is_70_and_one_line()
    {
        var (code, said) = await EndAsync(new InvalidOperationException("two\nlines"));
        Assert.Equal(ExitCode.Bug, code);
        Assert.Matches(
            @"^backstop: a bug in Backstop: InvalidOperationException \(two lines\) in Backstop\.[^\n]*; please report it.*\n$", said);
    }

    [Theory]
    [InlineData("postfix", true)]
    [InlineData("sendmail", true)]
    [InlineData("exim", false)]
    [InlineData("dovecot", false)]
    public void Setup_offers_to_write_only_what_it_writes(string server, bool writes)
    {
        var command = SetupCommand.Create().Subcommands.Single(c => c.Name == server);
        var shown = command.Options.Where(o => !o.Hidden).ToDictionary(o => o.Name, o => o.Description!, StringComparer.Ordinal);
        Assert.Equal((writes, writes), (shown.ContainsKey("--apply"), shown.ContainsKey("--undo")));
        Assert.Equal(writes, shown.Values.Any(d => d.Contains("--apply", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("exim", "--apply")]
    [InlineData("dovecot", "--undo")]
    public async Task Setup_says_why_it_writes_nothing(string server, string option)
    {
        var command = SetupCommand.Create().Subcommands.Single(c => c.Name == server);
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
        var error = await Assert.ThrowsAsync<CommandException>(() =>
            new RootCommand { command }.Parse([server, option]).InvokeAsync(configuration, TestContext.Current.CancellationToken));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("differ too much between installations", error.Message, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Said)> EndAsync(Exception error)
    {
        var (said, old) = (new StringWriter(), Console.Error);
        Console.SetError(said);
        try
        {
            return (await Failures.CatchAsync(() => throw error), $"{said}");
        }
        finally
        {
            Console.SetError(old);
        }
    }
}
