namespace Backstop.Mail;

/// <summary>
/// The CPU time that everything together may take which looks at one message: classifier, rules, MIME, HTML, headers. When it is
/// used up, the work that is under way is given up and nothing else begins: the message goes on unjudged by what is left.
/// </summary>
/// <remarks>
/// Work is done in <see cref="Run{T}"/>, one part after another, on any threads. What reads text says how much by <see cref="Charge"/>;
/// the clock is asked once in 16 KiB, and around an expression that may backtrack. Outside of <see cref="Run{T}"/> nothing is counted.
/// </remarks>
/// <param name="limit">The CPU time.</param>
/// <param name="clock">CPU time of the calling thread so far.</param>
public sealed class MessageBudget(TimeSpan limit, Func<TimeSpan> clock)
{
    // Reading the clock is a system call: so many octets cost some microseconds.
    private const int OctetsPerLook = 16 * 1024;
    private const int OctetsPerCharge = 64;

    [ThreadStatic]
    private static MessageBudget? _running;

    [ThreadStatic]
    private static TimeSpan _began;

    [ThreadStatic]
    private static int _charged;

    // A mail that makes one expression backtrack makes its kin do so too: together they get no more.
    private static readonly TimeSpan _maxBacktracking = TimeSpan.FromMilliseconds(15);

    private long _spent;
    private long _backtracked;
    private volatile bool _isSpent;

    /// <summary>The CPU time that may be taken.</summary>
    public TimeSpan Limit => limit;

    /// <summary>The CPU time that was taken by what has ended.</summary>
    public TimeSpan Spent => new(Interlocked.Read(ref _spent));

    /// <summary>Whether something was given up or left out.</summary>
    public bool IsSpent => _isSpent;

    /// <summary>A budget that nothing uses up, for callers without a limit.</summary>
    public static MessageBudget Unlimited() => new(TimeSpan.MaxValue, static () => TimeSpan.Zero);

    /// <summary>Does a part of the work. Inside of another part it is one with that.</summary>
    /// <param name="work">The part.</param>
    /// <param name="unjudged">Its result where the budget is used up, before it or in it.</param>
    public T Run<T>(Func<T> work, Func<T> unjudged)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(unjudged);
        if (_running is not null)
        {
            return work();
        }

        if (_isSpent || Spent > limit)
        {
            _isSpent = true;
            return unjudged();
        }

        try
        {
            (_running, _began, _charged) = (this, clock(), 0);
            return work();
        }
        catch (BudgetSpentException)
        {
            _isSpent = true;
        }
        finally
        {
            Interlocked.Add(ref _spent, Math.Max(0, (clock() - _began).Ticks));
            _running = null;
        }

        return unjudged();
    }

    /// <summary>Says that text is about to be read, before each pass over it.</summary>
    /// <param name="octets">How much.</param>
    /// <exception cref="BudgetSpentException">The budget of the message is used up. Only <see cref="Run{T}"/> catches it.</exception>
    internal static void Charge(int octets)
    {
        if (_running is not { } budget)
        {
            return;
        }

        _charged += Math.Min(octets, OctetsPerLook) + OctetsPerCharge;
        if (_charged >= OctetsPerLook)
        {
            _charged = 0;
            budget.Look();
        }
    }

    /// <summary>
    /// Whether an expression that may backtrack may still be tried on this message: all of them together have not taken 15 ms. True
    /// outside of <see cref="Run{T}"/>.
    /// </summary>
    internal static bool MayTry => _running is not { } budget || Interlocked.Read(ref budget._backtracked) < _maxBacktracking.Ticks;

    /// <summary>Says how long an expression that may backtrack took.</summary>
    /// <param name="time">CPU time.</param>
    internal static void Backtracked(TimeSpan time)
    {
        if (_running is { } budget)
        {
            Interlocked.Add(ref budget._backtracked, time.Ticks);
        }
    }

    /// <summary>CPU time of the thread; null outside of <see cref="Run{T}"/>.</summary>
    internal static TimeSpan? Clock() => _running is { } budget ? budget.Now : null;

    /// <summary>Looks at the clock now: something took long.</summary>
    /// <exception cref="BudgetSpentException">As <see cref="Charge"/>.</exception>
    internal static void ChargeMuch() => Charge(OctetsPerLook);

    private TimeSpan Now => clock();

    private void Look()
    {
        if (_isSpent || Now - _began + Spent > limit)
        {
            throw new BudgetSpentException();
        }
    }
}
