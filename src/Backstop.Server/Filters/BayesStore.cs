using Backstop.SpamRules.Learning;
using Backstop.State;

namespace Backstop.Server.Filters;

/// <summary>
/// The learner's database in the data folder. It adapts the store of Backstop.State to the interface of
/// Backstop.SpamRules.
/// </summary>
/// <param name="path">The database.</param>
/// <param name="time">The clock.</param>
/// <param name="health">Keeps the server running where the database cannot be used: nothing is known then, and nothing
/// is learned.
/// Null to throw instead.</param>
internal sealed class BayesStore(string path, TimeProvider time, StoreHealth? health = null) : IBayesStore, IDisposable
{
    private readonly BayesDatabase _database = new(path, time, health);

    /// <inheritdoc/>
    public TokenCounts Messages
    {
        get
        {
            var (spam, ham) = _database.Messages;
            return new(spam, ham);
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<long> tokens, Span<TokenCounts> counts)
    {
        var found = new TokenCounts[tokens.Length];
        _database.Find(tokens, (i, spam, ham) => found[i] = new(spam, ham));
        found.CopyTo(counts);
    }

    /// <inheritdoc/>
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens) =>
        Change(() => _database.Learn(message, isSpam, tokens)) ?? false;

    /// <inheritdoc/>
    public bool Forget(string message, IReadOnlyCollection<long> tokens) => Change(() => _database.Forget(message, tokens)) ?? false;

    /// <inheritdoc/>
    public int Change(IReadOnlyList<BayesLesson> lessons) =>
        Change(() => _database.Change([.. lessons.Select(l => (l.Message, l.IsSpam, l.Tokens))])) ?? 0;

    /// <summary>
    /// Checks whether the file still exists, and whether one that could not be used can be used again. Called every few
    /// seconds.
    /// </summary>
    public void Check() => _database.Check();

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    // A message is scored even where nothing can be learned from it.
    private T? Change<T>(Func<T> change)
        where T : struct
    {
        try
        {
            return change();
        }
        catch (StoreException) when (health is not null)
        {
            return default(T);
        }
    }
}
