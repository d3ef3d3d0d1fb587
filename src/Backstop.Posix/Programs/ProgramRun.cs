using System.Diagnostics;

namespace Backstop.Posix.Programs;

/// <summary>
/// One program from its start to its end: what is to be waited for next, and what to do with what came. It never waits itself, so
/// one thread can lead one or many.
/// </summary>
internal sealed class ProgramRun : IDisposable
{
    /// <summary>How many files are waited for.</summary>
    public const int Files = 4;

    // More than any filter of a mail writes; a program that never stops writing must not fill the memory.
    private const int MaxOutput = 256 << 20;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _untilStopIsSeen = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _untilEndIsAsked = TimeSpan.FromMilliseconds(50);

    // For so long a program that has ended may be silent before its children are taken to have nothing to say. procmail waits for ever.
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
    /// <param name="isOnlyFed">Whether it is left alone when it has read its input.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Ends it, as if it were late.</param>
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

        // At once, from the thread that hears of it: a program must not take the end of its input for the end of the mail.
        _stops = stopping.UnsafeRegister(_ => Libc.Signal(-_program.Process, Libc.SignalTerminate), null);
    }

    private enum Phase
    {
        Talks,
        IsAskedToEnd,
        IsKilled,
        IsOver,
    }

    /// <summary>Whether it has ended, or is left alone.</summary>
    public bool IsOver => _phase == Phase.IsOver;

    /// <summary>Whether it read all of its input.</summary>
    public bool TookAll => _program.Feed.IsDone;

    /// <summary>Says what is to be waited for.</summary>
    /// <param name="entries">The files; those of number -1 are none.</param>
    /// <returns>For how long at most.</returns>
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

    /// <summary>Goes on with what has come.</summary>
    /// <param name="entries">The files, as they were asked for.</param>
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

    /// <summary>Ends it with its children, unless it is over. One that is only fed is left alone.</summary>
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

        // First a word, then no word more: the group, for a shell's children are not the shell.
        _stops.Dispose();
        _ = Libc.Signal(-_program.Process, Libc.SignalTerminate);
        _wasEnded = true;
        _began = _time.GetTimestamp();
        _phase = Phase.IsAskedToEnd;
    }

    /// <summary>Ends it with its children, and does not wait for that.</summary>
    public void Abandon() => _ = Libc.Signal(-_program.Process, Libc.SignalKill);

    /// <summary>How it ended, once it is over.</summary>
    public ProgramEnd End() =>
        new(_wasEnded ? 128 + Libc.SignalTerminate : _exit.Collect(), _output.Kept, _errors.Kept, TookAll, _wasEnded);

    /// <summary>
    /// Gives up what belongs to it. One that nobody has seen end, for something went wrong, is killed: nothing is left to collect.
    /// </summary>
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
            // Half of what it said must not be taken for all of it.
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

    // A program that has ended may have left children that keep its output open: what they say is read until they are silent.
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
