namespace Backstop.Mail;

/// <summary>
/// The share of a message's budget that work of one kind may take. When it is used up, that work ends where it is, and all other work
/// on the message goes on. For one thread.
/// </summary>
/// <param name="divisor">The share is the budget divided by this.</param>
internal sealed class BudgetShare(int divisor)
{
    [ThreadStatic]
    private static BudgetShare? _running;

    private long _taken;

    public bool IsSpent { get; private set; }

    /// <summary>Does work as far as the share goes; what it has found until then stays found.</summary>
    /// <param name="work">Does not begin where the share is used up.</param>
    public void Run(Action work)
    {
        if (IsSpent)
        {
            return;
        }

        var outer = _running;
        try
        {
            _running = this;
            work();
        }
        catch (ShareSpentException) when (IsSpent)
        {
            // What it has found stays found.
        }
        finally
        {
            _running = outer;
        }
    }

    internal static void Charge(long work, long budget) => _running?.Take(work, budget);

    private void Take(long work, long budget)
    {
        _taken += work;
        if (_taken > budget / divisor)
        {
            IsSpent = true;
            throw new ShareSpentException();
        }
    }
}
