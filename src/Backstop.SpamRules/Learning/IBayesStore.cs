namespace Backstop.SpamRules.Learning;

/// <summary>How often a token was seen.</summary>
/// <param name="Spam">In how many spam messages.</param>
/// <param name="Ham">In how many wanted ones.</param>
public readonly record struct TokenCounts(int Spam, int Ham);

/// <summary>A message to be learned or forgotten.</summary>
/// <param name="Message">As for <see cref="IBayesStore.Learn"/>.</param>
/// <param name="IsSpam">True for spam, false for wanted mail, null to forget it.</param>
/// <param name="Tokens">As for <see cref="IBayesStore.Learn"/>.</param>
public readonly record struct BayesLesson(string Message, bool? IsSpam, IReadOnlyCollection<long> Tokens);

/// <summary>Keeps what the learner has seen. Safe for many threads.</summary>
public interface IBayesStore
{
    /// <summary>How many messages were learned.</summary>
    TokenCounts Messages { get; }

    /// <summary>Looks tokens up; one never seen has no counts.</summary>
    /// <param name="tokens">Hashes of tokens, none below 0.</param>
    /// <param name="counts">Filled, each in the place of its token; as long as <paramref name="tokens"/>.</param>
    void Find(ReadOnlySpan<long> tokens, Span<TokenCounts> counts);

    /// <summary>Learns a message. One learned before as the other kind is forgotten first.</summary>
    /// <param name="message">32 hexadecimal digits that are the same whenever the same message is learned.</param>
    /// <param name="isSpam">True for spam, false for wanted mail.</param>
    /// <param name="tokens">Hashes of its tokens, each once.</param>
    /// <returns>False when it was learned as that kind before; then nothing changes.</returns>
    bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens);

    /// <summary>Takes back what was learned of a message.</summary>
    /// <param name="message">As for <see cref="Learn"/>.</param>
    /// <param name="tokens">As for <see cref="Learn"/>.</param>
    /// <returns>False when it is not known; then nothing changes.</returns>
    bool Forget(string message, IReadOnlyCollection<long> tokens);

    /// <summary>Learns and forgets many messages, which a store may do faster than one by one.</summary>
    /// <param name="lessons">The messages, in order.</param>
    /// <returns>How many changed something.</returns>
    int Change(IReadOnlyList<BayesLesson> lessons)
    {
        ArgumentNullException.ThrowIfNull(lessons);
        return lessons.Count(l => l.IsSpam is { } isSpam ? Learn(l.Message, isSpam, l.Tokens) : Forget(l.Message, l.Tokens));
    }
}

/// <summary>A store in memory, for tests and for programs that learn anew at each start.</summary>
public sealed class MemoryBayesStore : IBayesStore
{
    private readonly Dictionary<long, TokenCounts> _tokens = [];
    private readonly Dictionary<string, bool> _seen = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private TokenCounts _messages;

    /// <inheritdoc/>
    public TokenCounts Messages
    {
        get
        {
            lock (_lock)
            {
                return _messages;
            }
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<long> tokens, Span<TokenCounts> counts)
    {
        lock (_lock)
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                counts[i] = _tokens.GetValueOrDefault(tokens[i]);
            }
        }
    }

    /// <inheritdoc/>
    public bool Learn(string message, bool isSpam, IReadOnlyCollection<long> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        lock (_lock)
        {
            if (_seen.TryGetValue(message, out var before))
            {
                if (before == isSpam)
                {
                    return false;
                }

                Count(before, tokens, -1);
            }

            _seen[message] = isSpam;
            Count(isSpam, tokens, 1);
            return true;
        }
    }

    /// <inheritdoc/>
    public bool Forget(string message, IReadOnlyCollection<long> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        lock (_lock)
        {
            if (!_seen.Remove(message, out var isSpam))
            {
                return false;
            }

            Count(isSpam, tokens, -1);
            return true;
        }
    }

    private void Count(bool isSpam, IReadOnlyCollection<long> tokens, int by)
    {
        _messages = Add(_messages, isSpam, by);
        foreach (var token in tokens)
        {
            _tokens[token] = Add(_tokens.GetValueOrDefault(token), isSpam, by);
        }
    }

    private static TokenCounts Add(TokenCounts counts, bool isSpam, int by) =>
        isSpam ? counts with { Spam = Math.Max(0, counts.Spam + by) } : counts with { Ham = Math.Max(0, counts.Ham + by) };
}
