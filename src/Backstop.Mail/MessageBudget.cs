namespace Backstop.Mail;

/// <summary>
/// The work that everything together may take which looks at one message: classifier, rules, MIME, HTML, headers. When it is
/// used up, the work that is under way is given up and nothing else begins: the message goes on unjudged by what is left.
/// </summary>
/// <remarks>
/// Work is counted in octets read and steps of patterns, so that the same message is judged alike on every machine and under any load; the
/// limit is given as the CPU time that this takes on the machine on which it was measured. The clock is only an emergency brake, for what
/// nobody counts: <see cref="BrakeFactor"/> times the limit. Work is done in <see cref="Run{T}"/>, one part after another, on
/// any threads. What
/// reads text says how much by <see cref="Charge"/>. Outside of <see cref="Run{T}"/> nothing is counted.
/// </remarks>
/// <param name="limit">The work, as CPU time.</param>
/// <param name="clock">CPU time of the calling thread so far.</param>
public sealed class MessageBudget(TimeSpan limit, Func<TimeSpan> clock)
{
    /// <summary>The brake is this many times the limit: 10 s of CPU time where the limit is 250 ms.</summary>
    public const int BrakeFactor = 40;

    /// <summary>Octets and steps that take a millisecond: measured over 1,600 mails (bench/RESULTS.md).</summary>
    private const long WorkPerMillisecond = 150_000;

    // Reading the clock is a system call: so many octets cost some microseconds.
    private const int WorkPerLook = 16 * 1024;
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
    private long _time;
    private volatile bool _isSpent;
    private volatile bool _isBraked;

    /// <summary>The work that may be taken, as CPU time.</summary>
    public TimeSpan Limit => limit;

    /// <summary>The work that was taken, as CPU time: the same for the same message.</summary>
    public TimeSpan Spent => TimeSpan.FromMilliseconds(Interlocked.Read(ref _work) / (double)WorkPerMillisecond);

    /// <summary>Whether something was given up or left out.</summary>
    public bool IsSpent => _isSpent;

    /// <summary>Whether that was because of the emergency brake: time passed that nobody had counted as work.</summary>
    public bool IsBraked => _isBraked;

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

    /// <summary>Says that text is about to be read, before each pass over it, or that steps were taken.</summary>
    /// <param name="work">How many octets or steps.</param>
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

        if (clock() - _began + new TimeSpan(Interlocked.Read(ref _time)) > _brake)
        {
            _isBraked = true;
            throw new BudgetSpentException();
        }
    }
}
