namespace Backstop.Server.Delivery;

/// <summary>
/// Items that wait for their next try. A timer runs while there are any, and fires when the first is due.
/// </summary>
/// <remarks>All but the timer is called with the lock held, and <c>wake</c> is called with it held too.</remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Resting<T> : IDisposable
    where T : class
{
    // The timer looks at all items, of which there may be a hundred thousand.
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(20);

    private readonly HashSet<T> _items = new(ReferenceEqualityComparer.Instance);
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private readonly TimeProvider _time;
    private readonly Func<T, DateTimeOffset> _due;
    private readonly Action<T> _wake;
    private readonly ITimer _timer;

    /// <summary>Begins without items.</summary>
    /// <param name="gate">The owner's lock.</param>
    /// <param name="due">Returns when an item is to be tried again.</param>
    /// <param name="wake">Tries an item again.</param>
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

    /// <summary>The items that wait.</summary>
    public IReadOnlyCollection<T> Items => _items;

    /// <summary>Adds an item, or takes note that its time has changed.</summary>
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

    /// <summary>Takes an item out; false where it does not wait. The timer may then fire without need.</summary>
    public bool Remove(T item) => _items.Remove(item);

    public void Dispose() => _timer.Dispose();

    private void WakeDue()
    {
        var now = _time.GetUtcNow();
        var woken = _items.Where(i => _due(i) <= now).ToList();
        _items.ExceptWith(woken);
        _first = _items.Count == 0 ? DateTimeOffset.MaxValue : _items.Min(_due);
        SetTimer();

        // An item that fails again is added again.
        woken.ForEach(_wake);
    }

    // Timers count whole milliseconds: one that fired too early would fire again and again.
    private void SetTimer()
    {
        var wait = _first - _time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        _timer.Change(_items.Count == 0 ? Timeout.InfiniteTimeSpan : wait < _tick ? _tick : wait, Timeout.InfiniteTimeSpan);
    }
}
