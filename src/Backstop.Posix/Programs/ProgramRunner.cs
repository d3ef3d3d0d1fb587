namespace Backstop.Posix.Programs;

/// <summary>
/// Writes a program's input and reads its output at the same time, so that neither can block the other; ends its whole
/// process group at the time limit.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ProgramRunner(TimeProvider time)
{
    /// <summary>Called now and then while this thread waits for a program, to refresh lockfiles.</summary>
    public Action? Beat { get; set; }

    /// <summary>Ends the program that this thread waits for, and its children, as the time limit does.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="command">The program.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended by <see cref="Stopping"/>.</exception>
    public ProgramEnd Run(ProgramCommand command)
    {
        using var run = new ProgramRun(command, isOnlyFed: false, time, Stopping);
        Lead(run);
        Stopping.ThrowIfCancellationRequested();
        return run.End();
    }

    /// <summary>Runs a program to its end without blocking a thread.</summary>
    /// <param name="command">The program.</param>
    /// <param name="ct">Ends it and its children, as the time limit does.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended by the token.</exception>
    public async Task<ProgramEnd> RunAsync(ProgramCommand command, CancellationToken ct)
    {
        using var run = new ProgramRun(command, isOnlyFed: false, time, ct);
        await ProgramLoop.LeadAsync(run);
        ct.ThrowIfCancellationRequested();
        return run.End();
    }

    /// <summary>Gives a program its input and then leaves it alone.</summary>
    /// <param name="command">The program; its output must go to a file.</param>
    /// <returns>Whether it read all of its input.</returns>
    public bool Feed(ProgramCommand command)
    {
        using var run = new ProgramRun(command, isOnlyFed: true, time, Stopping);
        Lead(run);
        Stopping.ThrowIfCancellationRequested();
        return run.TookAll;
    }

    private void Lead(ProgramRun run)
    {
        try
        {
            Lead(run, Beat);
        }
        finally
        {
            // If a lockfile is lost, the caller is told that the program failed: the program must not go on working.
            run.Stop();
            Lead(run, beat: null);
        }
    }

    private static void Lead(ProgramRun run, Action? beat)
    {
        Span<Libc.PollEntry> entries = stackalloc Libc.PollEntry[ProgramRun.Files];
        while (!run.IsOver)
        {
            var wait = run.Ask(entries);
            var ready = Libc.Poll(ref entries[0], (ulong)entries.Length, Math.Max(0, (int)Math.Ceiling(wait.TotalMilliseconds)));
            run.Take(entries);
            if (ready == 0)
            {
                beat?.Invoke();
            }
        }
    }
}
