using System.Diagnostics;
using System.Text;
using Backstop.Posix.Programs;

namespace Backstop.Tests.Deliver;

public sealed class ProgramRunnerTests : IDisposable
{
    private static readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal)
    {
        ["PATH"] = "/usr/bin:/bin",
        ["NAME"] = "caf\u00E9"
    };
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
        Assert.NotEqual(0, _runner.Run(Command(["no-such-program"]) with { Errors = (int)errors.DangerousGetHandle() }).Status);
        Assert.Contains("no-such-program", File.ReadAllText(_folder["errors"]), StringComparison.Ordinal);
    }

    /// <summary>The whole group goes: a shell's children are what was slow.</summary>
    [Fact]
    public void A_late_program_is_ended_with_its_children()
    {
        var began = Stopwatch.GetTimestamp();
        var end = _runner.Run(Command(["/bin/sh", "-c", "sleep 60 & echo $! >child; wait"]) with { Limit = TimeSpan.FromSeconds(1) });
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
        var command = Command(["/bin/sh", "-c", "echo $$ >child; exec sleep 60"]) with { Limit = TimeSpan.FromSeconds(1) };
        Assert.Throws<IOException>(() => _runner.Run(command));
        Assert.False(IsAlive(File.ReadAllText(_folder["child"]).Trim()));
    }

    [Fact]
    public void A_background_child_does_not_hold_up_the_end()
    {
        var began = Stopwatch.GetTimestamp();
        Assert.Equal("done\n", Encoding.Latin1.GetString(Sh("sleep 20 & echo done", "").Output.Span));
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 15);
    }

    /// <summary>Whoever awaits programs holds no thread: far more of them run at once than the pool has threads.</summary>
    [Fact]
    public async Task Many_programs_are_awaited_at_once()
    {
        var ct = TestContext.Current.CancellationToken;
        const int Count = 100;
        var gate = _folder["gate"];
        var began = Enumerable.Range(0, Count).Select(i => _runner.RunAsync(Waiting(i), ct)).ToList();
        await File.WriteAllTextAsync(gate, "", ct);
        var ends = await Task.WhenAll(began);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(i, ends[i].Status);
            Assert.Equal($"in {i}", Encoding.Latin1.GetString(ends[i].Output.Span));
            Assert.Equal($"{i}\n", Encoding.Latin1.GetString(ends[i].Errors.Span));
        }

        ProgramCommand Waiting(int number) =>
            Command(
                ["/bin/sh", "-c", $"cat; while [ ! -e gate ]; do sleep 0.1; done; echo {number} >&2; exit "
                    + $"{number}"], $"in {number}") with
            { Errors = null };
    }

    [Fact]
    public async Task An_awaited_program_that_is_late_is_ended_with_its_children()
    {
        var script = Command(["/bin/sh", "-c", "trap '' TERM; sleep 60 & echo $! >child; wait"]);
        var end = await _runner.RunAsync(script with { Limit = TimeSpan.FromMilliseconds(500) }, TestContext.Current.CancellationToken);
        Assert.True(end.TimedOut);
        var child = (await File.ReadAllTextAsync(_folder["child"], TestContext.Current.CancellationToken)).Trim();
        SpinWait.SpinUntil(() => !IsAlive(child), TimeSpan.FromMinutes(1));
        Assert.False(IsAlive(child));
    }

    [Fact]
    public async Task An_awaited_program_ends_when_it_is_no_longer_wanted()
    {
        using var stop = new CancellationTokenSource();
        var run = _runner.RunAsync(Command(["/bin/sh", "-c", "echo $$ >started; mv started child; exec sleep 60"]), stop.Token);
        SpinWait.SpinUntil(() => File.Exists(_folder["child"]), TimeSpan.FromMinutes(1));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.False(IsAlive((await File.ReadAllTextAsync(_folder["child"], TestContext.Current.CancellationToken)).Trim()));
    }

    /// <summary>What is not kept is read all the same: the program ends by itself.</summary>
    [Fact]
    public void Keeps_no_more_than_is_wanted()
    {
        var end = _runner.Run(Command(["/bin/sh", "-c", "cat; exit 5"], new('x', 1 << 20)) with { MaxKept = 1000 });
        Assert.Equal(5, end.Status);
        Assert.Equal(1000, end.Output.Length);
        Assert.True(end.TookAll);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_an_error_without_a_shell()
    {
        var missing = ProgramCommand.OfHost("no-such-program");
        var error = await Assert.ThrowsAsync<IOException>(() => _runner.RunAsync(missing, TestContext.Current.CancellationToken));
        Assert.Equal("no-such-program: No such file or directory", error.Message);
    }

    /// <summary>Text goes to the program in UTF-8, as this host's files are named.</summary>
    [Fact]
    public async Task Text_reaches_a_program_of_this_host_in_Utf8()
    {
        var echo = ProgramCommand.OfHost("echo", "-n", "caf\u00E9 \u20AC");
        var end = await _runner.RunAsync(echo, TestContext.Current.CancellationToken);
        Assert.Equal("caf\u00E9 \u20AC", Encoding.UTF8.GetString(end.Output.Span));
    }

    private static bool IsAlive(string process) =>
        File.Exists($"/proc/{process}/stat") && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);

    /// <summary>Its child writes on, in pieces: a filter's output that is cut off is another message.</summary>
    [Fact]
    public void What_a_child_writes_behind_its_parents_end_is_read_until_it_is_silent()
    {
        var end = Sh("(i=0; while [ $i -lt 40 ]; do echo l$i; sleep 0.025; i=$((i+1)); done) & cat >/dev/null", "x");
        Assert.Equal(0, end.Status);
        Assert.Equal(40, Encoding.Latin1.GetString(end.Output.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private ProgramEnd Sh(string script, string input) => Run(["/bin/sh", "-c", script], input);

    private ProgramEnd Run(IReadOnlyList<string> arguments, string input) => _runner.Run(Command(arguments, input));

    private ProgramCommand Command(IReadOnlyList<string> arguments, string input = "") => new(arguments, _environment, _folder.Path)
    {
        Input = [Encoding.Latin1.GetBytes(input)],
        Limit = TimeSpan.FromSeconds(30),
        FallsBackToShell = true,
    };
}
