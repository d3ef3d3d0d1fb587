namespace Backstop.Posix.Programs;

/// <summary>
/// Feeds a program and reads what it writes, both at once, so that neither end can block the other; ends its whole process group
/// when it is late.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ProgramRunner(TimeProvider time)
{
    /// <summary>Called now and then while a program is waited for in this thread, to touch lockfiles.</summary>
    public Action? Beat { get; set; }

    /// <summary>Ends the program that this thread waits for, with its children, as if it were late.</summary>
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

    /// <summary>Runs a program to its end without holding a thread.</summary>
    /// <param name="command">The program.</param>
    /// <param name="ct">Ends it with its children, as if it were late.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended by the token.</exception>
    public async Task<ProgramEnd> RunAsync(ProgramCommand command, CancellationToken ct)
    {
        using var run = new ProgramRun(command, isOnlyFed: false, time, ct);
        await ProgramLoop.LeadAsync(run);
        ct.ThrowIfCancellationRequested();
        return run.End();
    }

    /// <summary>Hands a program its input and leaves it alone.</summary>
    /// <param name="command">The program; its output must go to a file.</param>
    /// <returns>Whether it read all.</returns>
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
            // Where a lockfile is lost, whoever is told that it failed must not have it at work behind his back.
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
