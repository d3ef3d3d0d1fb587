using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backstop.Posix.Programs;

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status, or 128 and the signal that ended it.</param>
/// <param name="Output">What it wrote, where that was asked for.</param>
/// <param name="TookAll">Whether it read all of its input.</param>
/// <param name="TimedOut">Whether it was ended for being late.</param>
public sealed record ProgramEnd(int Status, ReadOnlyMemory<byte> Output, bool TookAll, bool TimedOut);

/// <summary>
/// Feeds a program and reads what it writes, both at once, so that neither end can block the other; ends its whole process group when it is late.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class ProgramRunner(TimeProvider time)
{
    // More than any filter of a mail writes; a program that never stops writing must not fill the memory.
    private const int MaxOutput = 256 << 20;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _untilStopIsSeen = TimeSpan.FromSeconds(1);

    /// <summary>Called now and then while a program runs, to touch lockfiles.</summary>
    public Action? Beat { get; set; }

    /// <summary>Ends the program that runs, with its children, as if it were late.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="directory">Where it runs.</param>
    /// <param name="input">Its standard input, in pieces.</param>
    /// <param name="output">The file its output goes to; null to have it returned.</param>
    /// <param name="errors">The file its errors go to.</param>
    /// <param name="limit">How long it may take; null for any time.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended by <see cref="Stopping"/>.</exception>
    public ProgramEnd Run(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string directory,
        IReadOnlyList<ReadOnlyMemory<byte>> input, int? output, int errors, TimeSpan? limit)
    {
        var program = ProgramStart.Start(arguments, environment, directory, input, output, errors);
        using var feed = program.Feed;
        using var reader = program.Output;
        var collected = new ArrayBufferWriter<byte>();
        using var end = new ProgramExit(program.Process);
        var ended = false;
        int status;
        try
        {
            ended = Converse(program, feed, end, collected, limit, waitsForOutput: true);
        }
        finally
        {
            if (!ended)
            {
                End(program.Process, end);
            }

            status = end.Collect();
        }

        Stopping.ThrowIfCancellationRequested();
        return new(ended ? status : 128 + Native.SignalTerminate, collected.WrittenMemory, feed.IsDone, !ended);
    }

    /// <summary>Hands a program its input and leaves it alone.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="directory">Where it runs.</param>
    /// <param name="input">Its standard input, in pieces.</param>
    /// <param name="output">The file its output goes to.</param>
    /// <param name="errors">The file its errors go to.</param>
    /// <param name="limit">How long it may take to read its input.</param>
    /// <returns>Whether it read all.</returns>
    public bool Feed(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string directory,
        IReadOnlyList<ReadOnlyMemory<byte>> input, int output, int errors, TimeSpan? limit)
    {
        var program = ProgramStart.Start(arguments, environment, directory, input, output, errors);
        using var feed = program.Feed;
        using var end = new ProgramExit(program.Process);
        Converse(program, feed, end, new(), limit, waitsForOutput: false);
        Stopping.ThrowIfCancellationRequested();
        return feed.IsDone;
    }

    // True where the program ended (or was fed) in time.
    private bool Converse(RunningProgram program, ProgramFeed feed, ProgramExit end, ArrayBufferWriter<byte> collected, TimeSpan? limit, bool waitsForOutput)
    {
        using var stop = StopsGroup(program.Process);
        var began = time.GetTimestamp();
        var hasEnded = false;
        var isReading = program.Output is not null;
        var entries = new Native.PollEntry[3];
        while (!hasEnded || isReading)
        {
            if (!waitsForOutput && feed.IsOver)
            {
                return true;
            }

            if (Stopping.IsCancellationRequested)
            {
                return false;
            }

            var left = limit is { } most ? most - time.GetElapsedTime(began) : TimeSpan.MaxValue;
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            // A program that has ended may have left children that keep its output open: what is there is read, more is not waited for.
            var patience = Stopping.CanBeCanceled && end.Patience > _untilStopIsSeen ? _untilStopIsSeen : end.Patience;
            var wait = hasEnded ? TimeSpan.FromMilliseconds(50) : left < patience ? left : patience;
            entries[0] = new() { File = feed.IsOver || hasEnded ? -1 : feed.File, Events = Native.PollOut };
            entries[1] = new() { File = isReading ? (int)program.Output!.DangerousGetHandle() : -1, Events = Native.PollIn };
            entries[2] = new() { File = hasEnded ? -1 : end.File, Events = Native.PollIn };
            var ready = Native.Poll(ref entries[0], (ulong)entries.Length, (int)Math.Ceiling(wait.TotalMilliseconds));
            if (ready == 0)
            {
                isReading &= !hasEnded;
                hasEnded |= end.HasEnded();
                Beat?.Invoke();
                continue;
            }

            if (entries[0].Returned != 0)
            {
                feed.Write();
            }

            if (entries[1].Returned != 0)
            {
                isReading = Read(program.Output!, collected);
                if (collected.WrittenCount >= MaxOutput)
                {
                    return false;
                }
            }

            hasEnded |= entries[2].Returned != 0;
        }

        return true;
    }

    private static bool Read(SafeFileHandle file, ArrayBufferWriter<byte> collected)
    {
        var buffer = collected.GetSpan(64 * 1024);
        var read = Native.Read(file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        if (read > 0)
        {
            collected.Advance((int)read);
        }

        return read > 0 || (read < 0 && Marshal.GetLastPInvokeError() is Native.Interrupted or Native.TryAgain);
    }

    // At once, from the thread that hears of it: a program must not take the end of its input for the end of the mail.
    private CancellationTokenRegistration StopsGroup(int process) => Stopping.UnsafeRegister(_ => Native.Signal(-process, Native.SignalTerminate), null);

    // First a word, then no word more: the group, for a shell's children are not the shell.
    private void End(int process, ProgramExit end)
    {
        _ = Native.Signal(-process, Native.SignalTerminate);
        var began = time.GetTimestamp();
        while (!end.HasEnded() && time.GetElapsedTime(began) < _grace)
        {
            var entry = new Native.PollEntry { File = end.File, Events = Native.PollIn };
            _ = Native.Poll(ref entry, 1, 50);
        }

        _ = Native.Signal(-process, Native.SignalKill);
    }
}
