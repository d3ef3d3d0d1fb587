using System.Diagnostics;

namespace Backstop.Posix.Programs;

/// <summary>
/// One program from start to end: what to wait for next, and what to do with what arrived. It never waits itself, so
/// one thread can run one or many.
/// </summary>
internal sealed class ProgramRun : IDisposable
{
    /// <summary>How many file descriptors it polls.</summary>
    public const int Files = 4;

    // More than any mail filter writes; a program that does not stop writing must not fill the memory.
    private const int MaxOutput = 256 << 20;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _untilStopIsSeen = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _untilEndIsAsked = TimeSpan.FromMilliseconds(50);

    // How long the output may be silent after the program ended, before we assume that its children write no more.
    // procmail waits for ever.
    private static readonly TimeSpan _silence = TimeSpan.FromMilliseconds(500);

    private readonly RunningProgram _program;
    private readonly OutputReader _output;
    private readonly OutputReader _errors;
    private readonly ProgramExit _exit;
    private readonly ProgramCommand _command;
    private readonly bool _isOnlyFed;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenRegistration _stops;
    private long _began;
    private Phase _phase;
    private long? _endedAt;
    private long _lastSaid;
    private bool _wasEnded;

    /// <summary>Starts the program.</summary>
    /// <param name="command">The program.</param>
    /// <param name="isOnlyFed">Whether to leave the program alone once it has read its input.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Ends the program as its time limit does.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    public ProgramRun(ProgramCommand command, bool isOnlyFed, TimeProvider time, CancellationToken stopping)
    {
        _program = ProgramStart.Start(command);
        _command = command;
        _isOnlyFed = isOnlyFed;
        _time = time;
        _stopping = stopping;
        _began = time.GetTimestamp();
        _exit = new(_program.Process);
        _output = new(_program.Output, command.MaxKept ?? MaxOutput);
        _errors = new(_program.Errors, command.MaxKept ?? MaxOutput);

        // At once, in the thread that cancels: the program must not mistake the end of its input for the end of the
        // mail.
        _stops = stopping.UnsafeRegister(_ => Libc.Signal(-_program.Process, Libc.SignalTerminate), null);
    }

    private enum Phase
    {
        Talks,
        IsAskedToEnd,
        IsKilled,
        IsOver,
    }

    /// <summary>Whether it has ended, or was left alone.</summary>
    public bool IsOver => _phase == Phase.IsOver;

    /// <summary>Whether it read all of its input.</summary>
    public bool TookAll => _program.Feed.IsDone;

    /// <summary>Says what to wait for.</summary>
    /// <param name="entries">Receives the file descriptors; -1 for unused entries.</param>
    /// <returns>How long to wait at most.</returns>
    public TimeSpan Ask(Span<Libc.PollEntry> entries)
    {
        var talks = _phase == Phase.Talks;
        var feeds = talks && !_program.Feed.IsOver && _endedAt is null;
        entries[0] = new() { File = feeds ? _program.Feed.File : -1, Events = Libc.PollOut };
        entries[1] = new() { File = talks ? _output.File : -1, Events = Libc.PollIn };
        entries[2] = new() { File = talks ? _errors.File : -1, Events = Libc.PollIn };
        entries[3] = new() { File = _endedAt is not null ? -1 : _exit.File, Events = Libc.PollIn };
        if (!talks || _endedAt is not null)
        {
            return _untilEndIsAsked;
        }

        if (_stopping.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }

        var patience = _stopping.CanBeCanceled && _exit.Patience > _untilStopIsSeen ? _untilStopIsSeen : _exit.Patience;
        return Left is { } left && left < patience ? left : patience;
    }

    /// <summary>Continues with what has arrived.</summary>
    /// <param name="entries">The entries of <see cref="Ask"/>, with the results of poll(2).</param>
    public void Take(ReadOnlySpan<Libc.PollEntry> entries)
    {
        if (_phase == Phase.Talks)
        {
            Converse(entries);
        }
        else if (_phase != Phase.IsOver)
        {
            Follow();
        }
    }

    /// <summary>Ends the program and its children, unless it has ended. A program that is only fed is left alone.</summary>
    public void Stop()
    {
        if (_phase != Phase.Talks)
        {
            return;
        }

        if (_isOnlyFed)
        {
            Finish();
            return;
        }

        // SIGTERM first, SIGKILL later; to the process group, because the shell's children are not the shell.
        _stops.Dispose();
        _ = Libc.Signal(-_program.Process, Libc.SignalTerminate);
        _wasEnded = true;
        _began = _time.GetTimestamp();
        _phase = Phase.IsAskedToEnd;
    }

    /// <summary>Kills the program and its children without waiting for their end.</summary>
    public void Abandon() => _ = Libc.Signal(-_program.Process, Libc.SignalKill);

    /// <summary>Returns how it ended, once <see cref="IsOver"/>.</summary>
    public ProgramEnd End() =>
        new(_wasEnded ? 128 + Libc.SignalTerminate : _exit.Collect(), _output.Kept, _errors.Kept, TookAll, _wasEnded);

    /// <summary>Releases its resources. A program that has not been seen to end, because of an error, is killed.</summary>
    public void Dispose()
    {
        _stops.Dispose();
        if (!_isOnlyFed && !_exit.HasEnded())
        {
            Abandon();
            _exit.Collect();
        }

        _program.Feed.Dispose();
        _output.Dispose();
        _errors.Dispose();
        _exit.Dispose();
    }

    private TimeSpan? Left => _command.Limit - _time.GetElapsedTime(_began);

    private void Converse(ReadOnlySpan<Libc.PollEntry> entries)
    {
        if (entries[0].Returned != 0)
        {
            _program.Feed.Write();
        }

        if (Read(_output, entries[1]) | Read(_errors, entries[2]))
        {
            _lastSaid = Stopwatch.GetTimestamp();
        }

        if (_endedAt is null && (entries[3].Returned != 0 || (_exit.File < 0 && _exit.HasEnded())))
        {
            _endedAt = Stopwatch.GetTimestamp();
        }

        if (_stopping.IsCancellationRequested)
        {
            Stop();
        }
        else if (_command.MaxKept is null && (_output.IsFull || _errors.IsFull))
        {
            // A part of its output must not be taken for all of it.
            Stop();
        }
        else if (_isOnlyFed ? _program.Feed.IsOver : HasSaidAll)
        {
            Finish();
        }
        else if (Left <= TimeSpan.Zero)
        {
            Stop();
        }
    }

    // A program that has ended may have left children that hold its output open: their output is read until they are
    // silent.
    private bool HasSaidAll => _endedAt is { } ended
        && ((!_output.IsOpen && !_errors.IsOpen) || Stopwatch.GetElapsedTime(Math.Max(ended, _lastSaid)) >= _silence);

    private static bool Read(OutputReader output, Libc.PollEntry entry)
    {
        if (entry.Returned == 0)
        {
            return false;
        }

        output.Read();
        return true;
    }

    private void Follow()
    {
        if (_phase == Phase.IsAskedToEnd && (_exit.HasEnded() || _time.GetElapsedTime(_began) >= _grace))
        {
            Abandon();
            _phase = Phase.IsKilled;
        }

        if (_phase == Phase.IsKilled && _exit.HasEnded())
        {
            Finish();
        }
    }

    private void Finish()
    {
        _stops.Dispose();
        _phase = Phase.IsOver;
    }
}
