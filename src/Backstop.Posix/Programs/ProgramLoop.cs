using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>Runs all awaited programs in one thread, so that no thread of the pool waits for a program.</summary>
internal static class ProgramLoop
{
    private static readonly Lock _lock = new();
    private static readonly List<Awaited> _begun = [];
    private static SafeFileHandle? _wake;

    private sealed record Awaited(ProgramRun Run, TaskCompletionSource Over);

    /// <summary>Runs a program to its end.</summary>
    public static Task LeadAsync(ProgramRun run)
    {
        var awaited = new Awaited(run, new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _wake ??= Begin();
            _begun.Add(awaited);
            byte any = 0;
            _ = Libc.Write(_wake, ref any, 1);
        }

        return awaited.Over.Task;
    }

    // The thread lives as long as the process: starting it for each program would cost one thread a program.
    private static SafeFileHandle Begin()
    {
        var (read, write) = ProgramPipe.Make();
        _ = Libc.Control(read, Libc.SetStatusFlags, Libc.NonBlocking);
        _ = Libc.Control(write, Libc.SetStatusFlags, Libc.NonBlocking);
        new Thread(() => Lead(read)) { IsBackground = true, Name = "programs" }.Start();
        return write;
    }

    private static void Lead(SafeFileHandle wake)
    {
        var led = new List<Awaited>();
        var entries = new Libc.PollEntry[1];
        Span<byte> told = stackalloc byte[64];
        while (true)
        {
            Array.Resize(ref entries, 1 + (led.Count * ProgramRun.Files));
            entries[0] = new() { File = (int)wake.DangerousGetHandle(), Events = Libc.PollIn };
            var wait = -1;
            for (var i = 0; i < led.Count; i++)
            {
                var most = (int)Math.Ceiling(led[i].Run.Ask(EntriesOf(i)).TotalMilliseconds);
                wait = wait < 0 ? Math.Max(0, most) : Math.Clamp(most, 0, wait);
            }

            // An interrupted poll sets no results, so the programs are told of none.
            _ = Libc.Poll(ref entries[0], (ulong)entries.Length, wait);
            for (var i = led.Count - 1; i >= 0; i--)
            {
                if (IsOver(led[i], EntriesOf(i)))
                {
                    led.RemoveAt(i);
                }
            }

            while (Libc.Read(wake, ref told[0], told.Length) > 0)
            {
            }

            lock (_lock)
            {
                led.AddRange(_begun);
                _begun.Clear();
            }
        }

        Span<Libc.PollEntry> EntriesOf(int index) => entries.AsSpan(1 + (index * ProgramRun.Files), ProgramRun.Files);
    }

    private static bool IsOver(Awaited awaited, ReadOnlySpan<Libc.PollEntry> entries)
    {
        try
        {
            awaited.Run.Take(entries);
            return awaited.Run.IsOver && awaited.Over.TrySetResult();
        }
        catch (Exception error)
        {
            // The exception goes to whoever awaits this program; the other programs continue.
            awaited.Run.Abandon();
            return awaited.Over.TrySetException(error);
        }
    }
}
