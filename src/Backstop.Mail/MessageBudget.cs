namespace Backstop.Mail;

/// <summary>
/// The work that may be spent on one message by everything that looks at it: classifier, rules, MIME, HTML, headers. When it is
/// used up, the work in progress is aborted and no further work begins: the message goes on, unjudged by what was left out.
/// </summary>
/// <remarks>
/// Work is counted in octets read and pattern steps, so that a message is judged alike on every machine and under any load. The
/// limit is given as the CPU time that this work took on the machine where it was measured. The clock is only an emergency brake
/// for work that nobody counts: it stops at <see cref="BrakeFactor"/> times the limit. Work runs inside <see cref="Run{T}"/>, one
/// part after another, on any thread; code that reads text reports how much by <see cref="Charge"/>. Outside of
/// <see cref="Run{T}"/> nothing is counted.
/// </remarks>
/// <param name="limit">The work allowed, as CPU time.</param>
/// <param name="clock">Returns the CPU time that the calling thread has used so far.</param>
public sealed class MessageBudget(TimeSpan limit, Func<TimeSpan> clock)
{
    /// <summary>The brake is this many times the limit: 10 s of CPU time where the limit is 250 ms.</summary>
    public const int BrakeFactor = 40;

    /// <summary>Octets and steps counted as one millisecond: measured over 1,600 mails (bench/RESULTS.md).</summary>
    private const long WorkPerMillisecond = 150_000;

    private const int WorkPerLook = 16 * 1024;

    // Reading the clock is a system call and took an eighth of the time of dear mail when it was read at every look.
    private const int LooksPerClock = 8;
    private const int WorkPerCharge = 64;

    [ThreadStatic]
    private static MessageBudget? _running;

    [ThreadStatic]
    private static TimeSpan _began;

    [ThreadStatic]
    private static int _charged;

    private readonly long _allowed = (long)Math.Min(limit.TotalMilliseconds * WorkPerMillisecond, long.MaxValue / 2);
    private readonly TimeSpan _brake = limit < TimeSpan.MaxValue / BrakeFactor ? limit * BrakeFactor : TimeSpan.MaxValue;
    private long _work;
    private int _looks;
    private long _time;
    private volatile bool _isSpent;
    private volatile bool _isBraked;

    /// <summary>The work allowed, as CPU time.</summary>
    public TimeSpan Limit => limit;

    /// <summary>The work done so far, as CPU time: the same for the same message.</summary>
    public TimeSpan Spent => TimeSpan.FromMilliseconds(Interlocked.Read(ref _work) / (double)WorkPerMillisecond);

    /// <summary>Whether work was aborted or left out because the budget was used up.</summary>
    public bool IsSpent => _isSpent;

    /// <summary>Whether the emergency brake used it up: CPU time passed that nobody had counted as work.</summary>
    public bool IsBraked => _isBraked;

    /// <summary>A budget without a limit.</summary>
    public static MessageBudget Unlimited() => new(TimeSpan.MaxValue, static () => TimeSpan.Zero);

    /// <summary>Runs one part of the work. A call inside another one counts as part of the outer one.</summary>
    /// <param name="work">The part.</param>
    /// <param name="unjudged">Gives the result if the budget is used up, before the part or during it.</param>
    public T Run<T>(Func<T> work, Func<T> unjudged)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(unjudged);
        if (_running is not null)
        {
            return work();
        }

        if (_isSpent || Interlocked.Read(ref _work) > _allowed)
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
            Interlocked.Add(ref _time, Math.Max(0, (clock() - _began).Ticks));
            Interlocked.Add(ref _work, _charged);
            _running = null;
        }

        return unjudged();
    }

    /// <summary>Charges work to the message in progress; call it before each pass over text, or after pattern steps.</summary>
    /// <param name="work">Octets or steps.</param>
    /// <exception cref="BudgetSpentException">The budget of the message is used up. Only <see cref="Run{T}"/> catches it.</exception>
    internal static void Charge(long work)
    {
        if (_running is not { } budget)
        {
            return;
        }

        work = Math.Clamp(work, 0, int.MaxValue - WorkPerCharge) + WorkPerCharge;
        _charged = (int)Math.Min(_charged + work, int.MaxValue);
        if (_charged >= WorkPerLook)
        {
            budget.Look();
        }

        BudgetShare.Charge(work, budget._allowed);
    }

    private void Look()
    {
        var taken = Interlocked.Add(ref _work, _charged);
        _charged = 0;
        if (_isSpent || taken > _allowed)
        {
            throw new BudgetSpentException();
        }

        if (Interlocked.Increment(ref _looks) % LooksPerClock == 0 && clock() - _began + new TimeSpan(Interlocked.Read(ref _time)) > _brake)
        {
            _isBraked = true;
            throw new BudgetSpentException();
        }
    }
}
