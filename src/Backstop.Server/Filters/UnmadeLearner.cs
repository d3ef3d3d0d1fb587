using Backstop.SpamRules.Learning;

namespace Backstop.Server.Filters;

/// <summary>
/// The database of a user or domain that has none yet: it is made when something is learned, not when mail is scored, so that a client
/// cannot make files by naming users. Nothing is known until then.
/// </summary>
/// <param name="rent">Opens the database, and makes it if the argument is true. Null where it is missing or cannot be used.</param>
internal sealed class UnmadeLearner(Func<bool, UserLearners.Lease?> rent) : IBayesStore
{
    /// <inheritdoc/>
    public TokenCounts Messages
    {
        get
        {
            using var lease = rent(false);
            return lease?.Store.Messages ?? default;
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<long> tokens, Span<TokenCounts> counts)
    {
        counts.Clear();
        using var lease = rent(false);
        lease?.Store.Find(tokens, counts);
    }

    /// <inheritdoc/>
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens)
    {
        using var lease = rent(true);
        return lease?.Store.Learn(message, isSpam, tokens) ?? false;
    }

    /// <inheritdoc/>
    public bool Forget(string message, IReadOnlyCollection<long> tokens)
    {
        using var lease = rent(false);
        return lease?.Store.Forget(message, tokens) ?? false;
    }

    /// <inheritdoc/>
    public int Change(IReadOnlyList<BayesLesson> lessons)
    {
        using var lease = rent(lessons.Any(l => l.IsSpam is not null));
        return lease?.Store.Change(lessons) ?? 0;
    }
}
