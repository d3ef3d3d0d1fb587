namespace Backstop.Server.Delivery;

/// <summary>What waits for its next try. Its timer runs only while something does, and fires when the first of it is due.</summary>
/// <remarks>Everything but the timer is called with the gate held, and what is woken is woken so.</remarks>
/// <typeparam name="T">What waits.</typeparam>
internal sealed class Resting<T> : IDisposable
    where T : class
{
    // A shot looks at all that waits, and a hundred thousand messages may.
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(20);

    private readonly HashSet<T> _items = new(ReferenceEqualityComparer.Instance);
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private readonly TimeProvider _time;
    private readonly Func<T, DateTimeOffset> _due;
    private readonly Action<T> _wake;
    private readonly ITimer _timer;

    /// <summary>Nothing waits yet.</summary>
    /// <param name="gate">The owner's lock.</param>
    /// <param name="due">When one is to be tried again.</param>
    /// <param name="wake">Tries it again.</param>
    /// <param name="time">The clock.</param>
    public Resting(object gate, Func<T, DateTimeOffset> due, Action<T> wake, TimeProvider time)
    {
        _time = time;
        _due = due;
        _wake = wake;
        _timer = time.CreateTimer(
            _ =>
            {
                lock (gate)
                {
                    WakeDue();
                }
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What waits.</summary>
    public IReadOnlyCollection<T> Items => _items;

    /// <summary>Takes one, or hears that one is due at another time now.</summary>
    public void Add(T item)
    {
        _items.Add(item);
        var due = _due(item);
        if (due < _first)
        {
            _first = due;
            SetTimer();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void WakeDue()
    {
        var now = _time.GetUtcNow();
        var woken = _items.Where(i => _due(i) <= now).ToList();
        _items.ExceptWith(woken);
        _first = _items.Count == 0 ? DateTimeOffset.MaxValue : _items.Min(_due);
        SetTimer();

        // What fails again is added again.
        woken.ForEach(_wake);
    }

    // Timers count whole milliseconds: one that fired too early would fire again and again.
    private void SetTimer()
    {
        var wait = _first - _time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        _timer.Change(_items.Count == 0 ? Timeout.InfiniteTimeSpan : wait < _tick ? _tick : wait, Timeout.InfiniteTimeSpan);
    }
}
