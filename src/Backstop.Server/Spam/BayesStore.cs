using Backstop.SpamRules.Learning;
using Backstop.State;

namespace Backstop.Server.Spam;

/// <summary>The learner's memory in the data folder. The engines do not know each other: here they meet.</summary>
/// <param name="path">The database.</param>
/// <param name="time">The clock.</param>
public sealed class BayesStore(string path, TimeProvider time) : IBayesStore, IDisposable
{
    private readonly BayesDatabase _database = new(path, time);

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
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens) => _database.Learn(message, isSpam, tokens);

    /// <inheritdoc/>
    public bool Forget(string message, IReadOnlyCollection<long> tokens) => _database.Forget(message, tokens);

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();
}
