using Backstop.Mail;

namespace Backstop.SpamRules.Patterns;

/// <summary>
/// The steps that confirming matches may take on one message. A step is one instruction of a <see cref="PatternProgram"/>, so the
/// same message takes the same steps on every machine and under any load. For one thread.
/// </summary>
internal sealed class MatchSteps
{
    /// <summary>
    /// The limit for all patterns of a message together, about 12 ms of CPU time; the most expensive of 4,800 mails takes 1.1 million.
    /// </summary>
    public const long PerMessage = 2_500_000;

    /// <summary>The limit for one search for one match; the most expensive of those mails takes 0.44 million.</summary>
    public const int PerSearch = 800_000;

    private const int PartOfTheRest = 3;

    private readonly long _limit;
    private readonly int _part;

    /// <summary>
    /// Makes the steps of a message. A search takes at most a third of what is left, so that something is left for the cheap searches of
    /// all other rules, however many expensive ones a message causes.
    /// </summary>
    public MatchSteps()
        : this(PerMessage) => _part = PartOfTheRest;

    /// <summary>Makes steps of which one search may take all.</summary>
    public MatchSteps(long limit) => (_limit, _part) = (limit, 1);

    /// <summary>Steps taken so far.</summary>
    public long Used { get; private set; }

    /// <summary>Steps that the next search may take.</summary>
    public int Next => (int)Math.Clamp((_limit - Used) / _part, 0, PerSearch);

    /// <summary>Counts steps, and charges them to the budget of the message.</summary>
    public void Take(int steps)
    {
        Used += steps;
        MessageBudget.Charge(steps);
    }
}
