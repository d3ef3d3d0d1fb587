using System.Diagnostics;

namespace Backstop.Server.Admission;

/// <summary>
/// Lets the null sender's and suspects' messages in no faster than real mail can bear: none while a step of real mail is under way;
/// so few at a time that one processor is left; and only so many a second that threads run in time, for which it measures how late
/// a thread runs that wants to run.
/// </summary>
/// <remarks>
/// Where real mail comes densely there is always a step of it under way: the flood would stand still, and its sessions pile up.
/// There it is only kept from crowding, and real mail has the milliseconds that costs. Threads of a lower priority were tried
/// instead: they hold locks and keep the garbage collector waiting while they stand back, and real mail waited longer (27 ms
/// instead of 14 at the 99th percentile).
/// </remarks>
internal sealed class FloodGate : IDisposable
{
    // So few sessions get in nobody's way.
    private const int Crowd = 4;
    private const int MaxWaiting = 5000;

    // So many real messages a second and processor are dense; half of that is sparse again.
    private const double Dense = 15;

    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan _window = TimeSpan.FromMilliseconds(50);

    // A client that is far away keeps nobody else out while its next line travels.
    private static readonly TimeSpan _turnTime = TimeSpan.FromMilliseconds(4);

    // Who sends real mail in drips is always at work: a genuine bounce must not wait for that.
    private static readonly TimeSpan _longestStandBack = TimeSpan.FromMilliseconds(20);
    private static readonly int _turnsBesideSparse = Math.Max(1, Environment.ProcessorCount - 1);
    private static readonly int _turnsBesideDense = 6 * Environment.ProcessorCount;
    private static readonly TimeSpan _lateBesideSparse = TimeSpan.FromMilliseconds(0.4);
    private static readonly TimeSpan _lateBesideDense = TimeSpan.FromMilliseconds(4);

    private readonly Lock _gate = new();
    private readonly Queue<Turn> _waiting = [];
    private readonly List<Turn> _turns = [];
    private readonly FloodRate _rate = new();

    // No spinning: five hundred times a second it would be a load of its own.
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

    /// <summary>Starts the clock.</summary>
    /// <param name="sessions">How many sessions are open.</param>
    /// <param name="real">The work on real mail.</param>
    public FloodGate(Func<int> sessions, RealWork real)
    {
        _sessions = sessions;
        Real = real;
        _clock = new(Run) { IsBackground = true, Name = "flood lane" };
        _clock.Start();
    }

    /// <summary>The work on real mail that it stands back for.</summary>
    public RealWork Real { get; }

    /// <summary>Messages of the flood let in a second; null where nobody holds them back.</summary>
    public double? Rate => IsHeld && _rate.IsSlowed ? _rate.PerSecond : null;

    /// <summary>How late threads ran in the last window.</summary>
    public TimeSpan Delay => TimeSpan.FromTicks(Volatile.Read(ref _delay));

    /// <summary>Messages of the flood that wait.</summary>
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

    /// <summary>Whether the flood is held back at all: real mail comes, and many sessions are open.</summary>
    public bool IsHeld => !_isOver && _isCrowded;

    /// <summary>Notes how long real mail waited for the disk.</summary>
    public void NoteSync(TimeSpan waited) => Volatile.Write(ref _sync, Math.Max(Volatile.Read(ref _sync), waited.Ticks));

    /// <summary>Waits until a message of the flood may go on.</summary>
    /// <returns>Its turn, to be given back when it is done; null where too many wait: it is to come again.</returns>
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

    /// <summary>A message is done, or refused: the next one's turn.</summary>
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

    /// <summary>Holds nobody back any more: the server stops, and sessions must end.</summary>
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

    // Over about half a second.
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

    // Whose turn is next, where there is one: all of them once nobody is held back.
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

    /// <summary>A message's turn.</summary>
    internal sealed class Turn
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>That of a message nobody holds back.</summary>
        public static Turn Free { get; } = new();

        /// <summary>Since when it has been on.</summary>
        public long Began { get; set; }

        /// <summary>Now.</summary>
        public void Begin() => _begun.SetResult();

        /// <summary>Waits for it.</summary>
        public async ValueTask<Turn?> WaitAsync()
        {
            await _begun.Task;
            return this;
        }
    }
}
