namespace Backstop.Judging.Tables;

/// <summary>Answers of a table, each for a limited time, and not more than a limit. Used by many threads at once.</summary>
/// <param name="most">The most answers.</param>
/// <param name="life">How long one is used.</param>
/// <param name="time">The clock.</param>
internal sealed class AnswerCache(int most, TimeSpan life, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (TableAnswer Answer, long Since)> _answers = new(StringComparer.Ordinal);
    private readonly Queue<(string Key, long Since)> _byAge = new();

    /// <summary>Returns the answer for a key; null where there is none, or none that is young enough.</summary>
    public TableAnswer? Find(string key)
    {
        lock (_gate)
        {
            return _answers.TryGetValue(key, out var found) && IsYoung(found.Since) ? found.Answer : null;
        }
    }

    /// <summary>Keeps an answer; the oldest one goes where there are too many.</summary>
    public void Add(string key, TableAnswer answer)
    {
        if (life <= TimeSpan.Zero)
        {
            return;
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            _answers[key] = (answer, now);
            _byAge.Enqueue((key, now));
            while (_byAge.TryPeek(out var oldest) && (_byAge.Count > most || !IsYoung(oldest.Since)))
            {
                _byAge.Dequeue();

                // It may have been asked for again since, and then has a younger entry.
                if (_answers.TryGetValue(oldest.Key, out var kept) && kept.Since == oldest.Since)
                {
                    _answers.Remove(oldest.Key);
                }
            }
        }
    }

    private bool IsYoung(long since) => time.GetElapsedTime(since) < life;
}
