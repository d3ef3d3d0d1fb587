namespace Backstop.Backscatter.Storms;

/// <summary>Counts the different sources seen in the present window and the one before. Its memory is bounded.</summary>
/// <param name="window">The length of a window.</param>
internal sealed class Diversity(TimeSpan window)
{
    // More sources than this need not be distinguished.
    private const int Max = 256;

    private HashSet<int> _current = [];
    private HashSet<int> _last = [];
    private DateTimeOffset _began;

    /// <summary>Records a source.</summary>
    /// <param name="source">Its name.</param>
    /// <param name="now">The time.</param>
    public void Add(string source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(source);
        Turn(now);
        if (_current.Count < Max)
        {
            _current.Add(StringComparer.OrdinalIgnoreCase.GetHashCode(source));
        }
    }

    /// <summary>Returns the number of different sources.</summary>
    /// <param name="now">The time.</param>
    public int Count(DateTimeOffset now)
    {
        Turn(now);
        var more = 0;
        foreach (var source in _last)
        {
            more += _current.Contains(source) ? 0 : 1;
        }

        return _current.Count + more;
    }

    private void Turn(DateTimeOffset now)
    {
        if (now - _began < window)
        {
            return;
        }

        (_last, _current) = now - _began < 2 * window ? (_current, _last) : ([], _current);
        _current.Clear();
        _began = now;
    }
}
