using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// The steps that confirming matches may take on one message. A step is one instruction of a <see cref="PatternProgram"/>, so the
/// same message takes the same steps on every machine and under any load. For one thread.
/// </summary>
internal sealed class MatchSteps
{
    /// <summary>For all patterns of a message together: the dearest of 1,600 mails takes 0.7 million.</summary>
    public const long PerMessage = 20_000_000;

    /// <summary>For one search for one match.</summary>
    public const int PerSearch = 2_000_000;

    private readonly long _limit;

    public MatchSteps(long limit = PerMessage) => _limit = limit;

    /// <summary>Steps taken so far.</summary>
    public long Used { get; private set; }

    /// <summary>Steps that the next search may take.</summary>
    public int Next => (int)Math.Clamp(_limit - Used, 0, PerSearch);

    /// <summary>Counts steps, and charges them to the budget of the message.</summary>
    public void Take(int steps)
    {
        Used += steps;
        MessageBudget.Charge(steps);
    }
}
