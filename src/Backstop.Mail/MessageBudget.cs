namespace Backstop.Mail;

/// <summary>
/// Limits the CPU time that classifier, rules, MIME, HTML and header code may spend on one message together. When it is
/// used up, the work in progress is abandoned and no other begins: the remaining checks are skipped and the message is
/// delivered.
/// </summary>
/// <remarks>
/// Work runs in <see cref="Run{T}"/>, one part after another, on any thread. Code that reads text calls <see
/// cref="Charge"/> with its length; the clock is read once per 16 KiB, and around regular expressions that may
/// backtrack. Outside <see cref="Run{T}"/> nothing is counted.
/// </remarks>
/// <param name="limit">The CPU time that may be spent.</param>
/// <param name="clock">Returns the CPU time that the calling thread has used so far.</param>
public sealed class MessageBudget(TimeSpan limit, Func<TimeSpan> clock)
{
    // Reading the clock is a system call; reading this many octets takes some microseconds.
    private const int OctetsPerLook = 16 * 1024;
    private const int OctetsPerCharge = 64;

    [ThreadStatic]
    private static MessageBudget? _running;

    [ThreadStatic]
    private static TimeSpan _began;

    [ThreadStatic]
    private static int _charged;

    // A message that makes one expression backtrack makes similar ones backtrack too, so they share one limit.
    private static readonly TimeSpan _maxBacktracking = TimeSpan.FromMilliseconds(15);

    private long _spent;
    private long _backtracked;
    private volatile bool _isSpent;

    /// <summary>The CPU time that may be spent.</summary>
    public TimeSpan Limit => limit;

    /// <summary>The CPU time spent by the parts that have ended.</summary>
    public TimeSpan Spent => new(Interlocked.Read(ref _spent));

    /// <summary>Whether work was abandoned or skipped because the budget was used up.</summary>
    public bool IsSpent => _isSpent;

    /// <summary>A budget that is never used up, for callers without a limit.</summary>
    public static MessageBudget Unlimited() => new(TimeSpan.MaxValue, static () => TimeSpan.Zero);

    /// <summary>Runs a part of the work. A call within another call is counted as part of the outer one.</summary>
    /// <param name="work">The part to run.</param>
    /// <param name="unjudged">Gives the result if the budget is used up before or during the work.</param>
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

    /// <summary>Counts text that is about to be read. Call it before each pass over the text.</summary>
    /// <param name="octets">The length of the text.</param>
    /// <exception cref="BudgetSpentException">The budget of the message is used up. Only <see cref="Run{T}"/> catches
    /// it.</exception>
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
    /// Whether another backtracking expression may run on this message: all of them together have used less than 15 ms.
    /// True outside <see cref="Run{T}"/>.
    /// </summary>
    internal static bool MayTry => _running is not { } budget || Interlocked.Read(ref budget._backtracked) < _maxBacktracking.Ticks;

    /// <summary>Adds the time that a backtracking expression took.</summary>
    /// <param name="time">Its CPU time.</param>
    internal static void Backtracked(TimeSpan time)
    {
        if (_running is { } budget)
        {
            Interlocked.Add(ref budget._backtracked, time.Ticks);
        }
    }

    /// <summary>The CPU time of this thread; null outside <see cref="Run{T}"/>.</summary>
    internal static TimeSpan? Clock() => _running is { } budget ? budget.Now : null;

    /// <summary>Reads the clock at once; call it after work that took long.</summary>
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
