using System.Diagnostics;

namespace Backstop.Server.Lanes;

/// <summary>
/// Lets the null sender's messages in no faster than real mail can bear. While real mail comes, it measures how late a thread runs that wants to run
/// (the delay that every step of a real session has too), and lets fewer in when that grows, more when it shrinks; and only as many at a time as there
/// are processors, so that a step of real mail waits behind that many and not behind a crowd.
/// </summary>
/// <remarks>
/// Additive increase, multiplicative decrease, as TCP does it. Threads of a lower priority were tried instead: they hold locks and keep the garbage
/// collector waiting while they stand back, and real mail waited longer (27 ms instead of 14 at the 99th percentile).
/// </remarks>
internal sealed class FloodLane : IDisposable
{
    // So few sessions get in nobody's way.
    private const int Crowd = 4;
    private const int MaxWaiting = 5000;
    private const double MaxRate = 20_000;
    private const double MinRate = 250;
    private const double Decrease = 0.85;
    private const double Increase = 1.04;

    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan _window = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _target = TimeSpan.FromMilliseconds(0.4);
    private static readonly TimeSpan _syncTarget = TimeSpan.FromMilliseconds(6);
    private static readonly TimeSpan _realFor = TimeSpan.FromSeconds(2);

    // A client that dawdles keeps nobody else out.
    private static readonly TimeSpan _turnTime = TimeSpan.FromMilliseconds(30);
    private static readonly int _maxTurns = Math.Max(2, Environment.ProcessorCount);

    private readonly Lock _gate = new();
    private readonly Queue<Turn> _waiting = [];
    private readonly List<Turn> _turns = [];

    // No spinning: five hundred times a second it would be a load of its own.
    private readonly ManualResetEventSlim _stopping = new(initialState: false, spinCount: 0);

    private readonly Func<int> _sessions;
    private readonly Thread _clock;
    private long _lastReal;
    private double _rate = MaxRate;
    private double _tokens;
    private volatile bool _isOver;
    private volatile bool _isCrowded;
    private int _admitted;
    private long _delay;
    private long _sync;

    /// <summary>Starts the clock.</summary>
    /// <param name="sessions">How many sessions are open.</param>
    public FloodLane(Func<int> sessions)
    {
        _sessions = sessions;
        _lastReal = Stopwatch.GetTimestamp() - Stopwatch.Frequency * 60;
        _clock = new(Run) { IsBackground = true, Name = "flood lane" };
        _clock.Start();
    }

    /// <summary>Messages of the null sender let in a second; null where nobody holds them back.</summary>
    public double? Rate => IsHeld && _rate < MaxRate ? Volatile.Read(ref _rate) : null;

    /// <summary>How late threads ran in the last window.</summary>
    public TimeSpan Delay => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _delay));

    /// <summary>Messages of the null sender that wait.</summary>
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

    /// <summary>Whether the null sender is held back at all: real mail comes, and many sessions are open.</summary>
    public bool IsHeld => !_isOver && _isCrowded;

    /// <summary>Notes that real mail is under way.</summary>
    public void NoteReal() => Volatile.Write(ref _lastReal, Stopwatch.GetTimestamp());

    /// <summary>Notes how long real mail waited for the disk.</summary>
    public void NoteSync(TimeSpan waited) => Volatile.Write(ref _sync, Math.Max(Volatile.Read(ref _sync), waited.Ticks));

    /// <summary>Waits until a message of the null sender may go on.</summary>
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
        while (!_stopping.Wait(_sessions() > Crowd || IsHeld ? _tick : _window))
        {
            var now = Stopwatch.GetTimestamp();
            var slept = Stopwatch.GetElapsedTime(last, now);
            last = now;
            late += slept > _tick ? slept - _tick : TimeSpan.Zero;
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

    private void Steer(TimeSpan delay, TimeSpan window)
    {
        Volatile.Write(ref _delay, delay.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond);
        var seen = Interlocked.Exchange(ref _admitted, 0) / window.TotalSeconds;
        var isCrowded = _sessions() > Crowd && Stopwatch.GetElapsedTime(Volatile.Read(ref _lastReal)) < _realFor;
        var rate = _rate;
        var sync = TimeSpan.FromTicks(Interlocked.Exchange(ref _sync, 0));
        if (!isCrowded)
        {
            rate = MaxRate;
        }
        else if (delay > _target || sync > _syncTarget)
        {
            rate = Math.Max(MinRate, (rate < MaxRate ? rate : Math.Max(MinRate, seen)) * Decrease);
        }
        else
        {
            rate = Math.Min(MaxRate, rate * Increase);
        }

        Volatile.Write(ref _rate, rate);
        if (_isCrowded != isCrowded)
        {
            _isCrowded = isCrowded;
            LetIn();
        }
    }

    private void Refill(TimeSpan slept)
    {
        lock (_gate)
        {
            _tokens = Math.Min(_tokens + (_rate * slept.TotalSeconds), _rate / 20 + 1);
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
            if ((IsHeld && (_tokens < 1 || _turns.Count >= _maxTurns)) || !_waiting.TryDequeue(out var turn))
            {
                return null;
            }

            if (IsHeld)
            {
                _tokens--;
                _turns.Add(turn);
                turn.Began = Stopwatch.GetTimestamp();
            }

            return turn;
        }
    }

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
