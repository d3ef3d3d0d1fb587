using System.Diagnostics;
using System.Text;
using Backstop.Posix.Programs;

namespace Backstop.Tests.Deliver;

public sealed class ProgramRunnerTests : IDisposable
{
    private static readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal) { ["PATH"] = "/usr/bin:/bin", ["NAME"] = "caf\u00E9" };
    private readonly TempFolder _folder = new();
    private readonly ProgramRunner _runner = new(TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gives_back_output_and_status()
    {
        var end = Sh("cat; printf \"$NAME\"; exit 3", "in");
        Assert.Equal("incaf\u00E9", Encoding.Latin1.GetString(end.Output.Span));
        Assert.Equal(3, end.Status);
        Assert.True(end.TookAll);
    }

    /// <summary>More than a pipe holds, both ways at once: neither end may wait for the other.</summary>
    [Fact]
    public void A_filter_that_writes_while_it_reads_is_no_deadlock()
    {
        var big = new string('x', 4 << 20);
        Assert.Equal(big.Length, Sh("cat", big).Output.Length);
    }

    [Fact]
    public void A_program_that_never_reads_is_noticed()
    {
        var end = Sh("exit 0", new string('x', 1 << 20));
        Assert.False(end.TookAll);
        Assert.Equal(0, end.Status);
    }

    [Fact]
    public void A_killed_program_has_a_status_of_its_own() => Assert.Equal(128 + 9, Sh("kill -9 $$", "").Status);

    [Fact]
    public void What_is_no_program_goes_to_the_shell()
    {
        File.WriteAllText(_folder["script"], "echo from the shell\n");
        Assert.Equal("from the shell\n", Encoding.Latin1.GetString(Run(["./script"], "").Output.Span));
        using var errors = File.OpenHandle(_folder["errors"], FileMode.Create, FileAccess.Write);
        Assert.NotEqual(0, Run(["no-such-program"], "", (int)errors.DangerousGetHandle()).Status);
        Assert.Contains("no-such-program", File.ReadAllText(_folder["errors"]), StringComparison.Ordinal);
    }

    /// <summary>The whole group goes: a shell's children are what was slow.</summary>
    [Fact]
    public void A_late_program_is_ended_with_its_children()
    {
        var began = Stopwatch.GetTimestamp();
        var end = _runner.Run(["/bin/sh", "-c", "sleep 60 & echo $! >child; wait"], _environment, _folder.Path, [], null, 2, TimeSpan.FromSeconds(1));
        Assert.True(end.TimedOut);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0.9, 30);
        var child = File.ReadAllText(_folder["child"]).Trim();
        SpinWait.SpinUntil(() => !IsAlive(child), TimeSpan.FromMinutes(1));
        Assert.False(IsAlive(child));
    }

    /// <summary>Whoever is told that it failed must not have it at work behind his back.</summary>
    [Fact]
    public void Nothing_runs_on_where_running_it_fails()
    {
        _runner.Beat = () => throw new IOException("no lock");
        Assert.Throws<IOException>(() => _runner.Run(["/bin/sh", "-c", "echo $$ >child; exec sleep 60"], _environment, _folder.Path, [], null, 2, TimeSpan.FromSeconds(1)));
        Assert.False(IsAlive(File.ReadAllText(_folder["child"]).Trim()));
    }

    [Fact]
    public void A_background_child_does_not_hold_up_the_end()
    {
        var began = Stopwatch.GetTimestamp();
        Assert.Equal("done\n", Encoding.Latin1.GetString(Sh("sleep 20 & echo done", "").Output.Span));
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 15);
    }

    private static bool IsAlive(string process) =>
        File.Exists($"/proc/{process}/stat") && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);

    private ProgramEnd Sh(string script, string input) => Run(["/bin/sh", "-c", script], input);

    private ProgramEnd Run(IReadOnlyList<string> arguments, string input, int errors = 2) =>
        _runner.Run(arguments, _environment, _folder.Path, [Encoding.Latin1.GetBytes(input)], null, errors, TimeSpan.FromSeconds(30));
}
