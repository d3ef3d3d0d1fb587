namespace Backstop.Mail;

/// <summary>
/// The share of a message's budget that one kind of work may use. When it is used up, that work stops; other work on the message
/// goes on. For one thread.
/// </summary>
/// <param name="divisor">The share is the budget divided by this.</param>
internal sealed class BudgetShare(int divisor)
{
    [ThreadStatic]
    private static BudgetShare? _running;

    private long _taken;

    public bool IsSpent { get; private set; }

    /// <summary>Runs the work until the share is used up; what the work has stored until then is kept.</summary>
    /// <param name="work">Not run if the share is used up already.</param>
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
            // What the work has stored is kept.
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
