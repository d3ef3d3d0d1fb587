namespace Backstop.Backscatter.Storms;

/// <summary>How many different sources were seen lately: in the window that runs and the one before it. Holds a bounded number.</summary>
/// <param name="window">How long a window is.</param>
internal sealed class Diversity(TimeSpan window)
{
    // Nobody needs to know whether there were more.
    private const int Max = 256;

    private HashSet<int> _current = [];
    private HashSet<int> _last = [];
    private DateTimeOffset _began;

    /// <summary>Notes a source.</summary>
    /// <param name="source">Its name.</param>
    /// <param name="now">When.</param>
    public void Add(string source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(source);
        Turn(now);
        if (_current.Count < Max)
        {
            _current.Add(StringComparer.OrdinalIgnoreCase.GetHashCode(source));
        }
    }

    /// <summary>How many.</summary>
    /// <param name="now">When.</param>
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
