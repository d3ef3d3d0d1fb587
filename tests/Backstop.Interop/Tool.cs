using System.Diagnostics;

namespace Backstop.Interop;

/// <summary>Runs programs. What is started here is ended here, by its own process id.</summary>
internal sealed class Tool : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];

    private Tool(
        string program, IEnumerable<string> arguments, string? directory, IReadOnlyDictionary<string, string>? environment = null,
        string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = input is not null,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (input is not null)
        {
            _process.StandardInput.Write(input);
            _process.StandardInput.Close();
        }
    }

    public int Id => _process.Id;

    /// <summary>How long it has computed: a measure that a busy machine does not change.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public bool HasEnded => _process.HasExited;

    public Task EndedAsync() => _process.WaitForExitAsync(Ct);

    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static Tool Start(string program, params IEnumerable<string> arguments) => new(program, arguments, null);

    /// <summary>Runs to the end and gives what it printed; its exit code must be one of those.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, TimeSpan limit, params int[] exitCodes)
    {
        using var tool = new Tool(program, arguments, null);
        return await tool.EndAsync(program, limit, exitCodes);
    }

    /// <summary>The same with variables in its environment, or a text on its standard input.</summary>
    public static async Task<string> RunWithAsync(
        IReadOnlyDictionary<string, string> environment, string? input, string program, IEnumerable<string> arguments,
        TimeSpan limit, params int[] exitCodes)
    {
        using var tool = new Tool(program, arguments, null, environment, input);
        return await tool.EndAsync(program, limit, exitCodes);
    }

    public Task WaitForAsync(string text, TimeSpan limit) => WaitForAsync(text, o => o.Contains(text, StringComparison.Ordinal), limit);

    /// <summary>Waits for a whole line: "spam rules ready" is not "ready".</summary>
    public Task WaitForLineAsync(string line, TimeSpan limit) => WaitForAsync(line, o => o.Split('\n').Contains(line), limit);

    private async Task WaitForAsync(string text, Func<string, bool> isThere, TimeSpan limit)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!isThere(Output))
        {
            Assert.False(_process.HasExited, $"ended without \"{text}\":\n{Output}");
            Assert.True(TimeProvider.System.GetElapsedTime(began) < limit, $"not \"{text}\" after {limit}:\n{Output}");
            await Task.Delay(50, Ct);
        }
    }

    /// <summary>SIGKILL: no handler runs, no buffer is written.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(Ct);
    }

    /// <summary>SIGTERM, then waits for the end, which must be a clean one.</summary>
    public async Task StopAsync()
    {
        await RunAsync("/bin/kill", [$"{Id}"], Until.Bound);
        await _process.WaitForExitAsync(Ct);
        Assert.True(_process.ExitCode == 0, $"ended with {_process.ExitCode} after SIGTERM:\n{Output}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task<string> EndAsync(string program, TimeSpan limit, int[] exitCodes)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        timer.CancelAfter(limit);
        try
        {
            await _process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
        {
            Assert.Fail($"{program} has not ended after {limit}:\n{Output}");
        }

        Assert.True(
            exitCodes.Length == 0 ? _process.ExitCode == 0 : exitCodes.Contains(_process.ExitCode),
            $"{program} ended with {_process.ExitCode}:\n{Output}");
        return Output;
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.Count < 30_000)
            {
                _output.Add(line);
            }
        }
    }
}
