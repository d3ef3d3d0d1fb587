using System.Diagnostics;

namespace Backstop.Server.Admission;

/// <summary>
/// Admits messages of the null sender and of suspects no faster than real mail can bear: none while a step of real mail
/// is under way; so few at a time that one processor stays free; and so few a second that threads run in time. For the
/// last it measures how late a thread runs.
/// </summary>
/// <remarks>
/// Where real mail comes densely, a step of it is always under way: the flood would stop, and its sessions pile up. There the flood is
/// only kept from crowding, which costs real mail some milliseconds. Threads of a lower priority were tried instead: they hold locks and
/// delay the garbage collector while they do not run, and real mail waited longer (27 ms instead of 14 at the 99th percentile).
/// </remarks>
internal sealed class FloodGate : IDisposable
{
    // Sessions up to this number do not slow others, and the flood is not held back.
    private const int Crowd = 4;
    private const int MaxWaiting = 5000;

    // Real mail is dense from this many messages a second and processor, and sparse again at half of that.
    private const double Dense = 15;

    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan _window = TimeSpan.FromMilliseconds(50);

    // A turn ends after this time, so that a distant client does not keep others out while its next line travels.
    private static readonly TimeSpan _turnTime = TimeSpan.FromMilliseconds(4);

    // A sender that sends real mail slowly is always at work; a genuine bounce must not wait longer than this for it.
    private static readonly TimeSpan _longestStandBack = TimeSpan.FromMilliseconds(20);
    private static readonly int _turnsBesideSparse = Math.Max(1, Environment.ProcessorCount - 1);
    private static readonly int _turnsBesideDense = 6 * Environment.ProcessorCount;
    private static readonly TimeSpan _lateBesideSparse = TimeSpan.FromMilliseconds(0.4);
    private static readonly TimeSpan _lateBesideDense = TimeSpan.FromMilliseconds(4);

    private readonly Lock _gate = new();
    private readonly Queue<Turn> _waiting = [];
    private readonly List<Turn> _turns = [];
    private readonly FloodRate _rate = new();

    // Without spinning, which at five hundred times a second would be a load of its own.
    private readonly ManualResetEventSlim _stopping = new(initialState: false, spinCount: 0);

    private readonly Func<int> _sessions;
    private readonly Thread _clock;
    private double _tokens;
    private double _realPerSecond;
    private long _lastLetIn;
    private volatile bool _isDense;
    private volatile bool _isOver;
    private volatile bool _isCrowded;
    private int _admitted;
    private long _delay;
    private long _sync;

    /// <summary>Starts the thread that measures and admits.</summary>
    /// <param name="sessions">Returns how many sessions are open.</param>
    /// <param name="real">Tells when real mail is worked on.</param>
    public FloodGate(Func<int> sessions, RealWork real)
    {
        _sessions = sessions;
        Real = real;
        _clock = new(Run) { IsBackground = true, Name = "flood lane" };
        _clock.Start();
    }

    /// <summary>Tells when real mail is worked on; the flood waits then.</summary>
    public RealWork Real { get; }

    /// <summary>How many messages of the flood are admitted a second; null where there is no limit.</summary>
    public double? Rate => IsHeld && _rate.IsSlowed ? _rate.PerSecond : null;

    /// <summary>How late threads ran in the last window.</summary>
    public TimeSpan Delay => TimeSpan.FromTicks(Volatile.Read(ref _delay));

    /// <summary>How many messages of the flood wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Whether the flood is held back: real mail arrives, and many sessions are open.</summary>
    public bool IsHeld => !_isOver && _isCrowded;

    /// <summary>Records how long real mail waited for the disk.</summary>
    public void NoteSync(TimeSpan waited) => Volatile.Write(ref _sync, Math.Max(Volatile.Read(ref _sync), waited.Ticks));

    /// <summary>Waits until a message of the flood may proceed.</summary>
    /// <returns>The turn, to be given back with <see cref="Leave"/>; null where too many wait, and the client must try
    /// again later.</returns>
    public ValueTask<Turn?> EnterAsync()
    {
        Interlocked.Increment(ref _admitted);
        if (!IsHeld)
        {
            return new(Turn.Free);
        }

        var turn = new Turn();
        lock (_gate)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                return new((Turn?)null);
            }

            _waiting.Enqueue(turn);
        }

        LetIn();
        return turn.WaitAsync();
    }

    /// <summary>Gives a turn back after the message is accepted or refused, which admits the next one.</summary>
    public void Leave(Turn turn)
    {
        if (turn == Turn.Free)
        {
            return;
        }

        lock (_gate)
        {
            _turns.Remove(turn);
        }

        LetIn();
    }

    /// <summary>Admits everything from now on, because the server stops and sessions must end.</summary>
    public void BeginStop()
    {
        _isOver = true;
        LetIn();
    }

    public void Dispose()
    {
        _isOver = true;
        _stopping.Set();
        _clock.Join();
        LetIn();
        _stopping.Dispose();
    }

    private void Run()
    {
        var last = Stopwatch.GetTimestamp();
        var windowBegan = last;
        var (late, ticks) = (TimeSpan.Zero, 0);
        for (var tick = _window; !_stopping.Wait(tick); tick = _sessions() > Crowd || IsHeld ? _tick : _window)
        {
            var now = Stopwatch.GetTimestamp();
            var slept = Stopwatch.GetElapsedTime(last, now);
            last = now;
            late += slept > tick ? slept - tick : TimeSpan.Zero;
            ticks++;
            if (IsHeld)
            {
                Refill(slept);
                LetIn();
            }

            if (Stopwatch.GetElapsedTime(windowBegan, now) is var window && window >= _window)
            {
                Steer(late / ticks, window);
                (windowBegan, late, ticks) = (now, TimeSpan.Zero, 0);
            }
        }
    }

    private void Steer(TimeSpan late, TimeSpan window)
    {
        Volatile.Write(ref _delay, late.Ticks);
        var seen = Interlocked.Exchange(ref _admitted, 0) / window.TotalSeconds;
        var sync = TimeSpan.FromTicks(Interlocked.Exchange(ref _sync, 0));
        NoteDensity(window);
        var isCrowded = _sessions() > Crowd && Real.IsRecent;
        if (isCrowded)
        {
            _rate.Steer(late, _isDense ? _lateBesideDense : _lateBesideSparse, sync, seen);
        }
        else
        {
            _rate.Free();
        }

        if (_isCrowded != isCrowded)
        {
            _isCrowded = isCrowded;
            LetIn();
        }
    }

    // The average over about half a second.
    private void NoteDensity(TimeSpan window)
    {
        _realPerSecond += ((Real.TakeCount() / window.TotalSeconds) - _realPerSecond) / 10;
        var perProcessor = _realPerSecond / Environment.ProcessorCount;
        _isDense = perProcessor > (_isDense ? Dense / 2 : Dense);
    }

    private void Refill(TimeSpan slept)
    {
        lock (_gate)
        {
            var rate = _rate.PerSecond;
            _tokens = Math.Min(_tokens + (rate * slept.TotalSeconds), (rate / 20) + 1);
            _turns.RemoveAll(t => Stopwatch.GetElapsedTime(t.Began) > _turnTime);
        }
    }

    private void LetIn()
    {
        while (Next() is { } turn)
        {
            turn.Begin();
        }
    }

    // Returns the next turn, if one may begin. Where the flood is not held back, all may.
    private Turn? Next()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 || (IsHeld && !TakeToken()))
            {
                return null;
            }

            var turn = _waiting.Dequeue();
            if (IsHeld)
            {
                _turns.Add(turn);
                _lastLetIn = turn.Began = Stopwatch.GetTimestamp();
            }

            return turn;
        }
    }

    private bool TakeToken()
    {
        if (_tokens < 1 || _turns.Count >= (_isDense ? _turnsBesideDense : _turnsBesideSparse) || StandsBack())
        {
            return false;
        }

        _tokens--;
        return true;
    }

    private bool StandsBack() => !_isDense && Real.IsNow && Stopwatch.GetElapsedTime(_lastLetIn) < _longestStandBack;

    /// <summary>The turn of one message.</summary>
    internal sealed class Turn
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The turn of a message that is not held back.</summary>
        public static Turn Free { get; } = new();

        /// <summary>The time stamp of its beginning.</summary>
        public long Began { get; set; }

        /// <summary>Lets the message proceed.</summary>
        public void Begin() => _begun.SetResult();

        /// <summary>Waits until <see cref="Begin"/> is called.</summary>
        public async ValueTask<Turn?> WaitAsync()
        {
            await _begun.Task;
            return this;
        }
    }
}
