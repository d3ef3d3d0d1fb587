using System.Diagnostics.CodeAnalysis;

namespace Backstop.Judging.Clients;

/// <summary>
/// A table of bounded size that forgets what was not asked for: two generations, of which the older is dropped when the younger is
/// full or old.
/// </summary>
/// <remarks>No entry has a timer, and nothing is ever walked through. Not safe for several threads.</remarks>
internal sealed class Generations<TKey, TValue>(int size, TimeSpan age, TimeProvider time)
    where TKey : notnull
    where TValue : class
{
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];
    private long _began = time.GetTimestamp();

    /// <summary>How many there are; at most twice the size.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>Finds an entry, which is young again.</summary>
    public bool TryGet(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        Turn();
        if (_young.TryGetValue(key, out value))
        {
            return true;
        }

        if (!_old.Remove(key, out value))
        {
            return false;
        }

        _young.Add(key, value);
        return true;
    }

    /// <summary>Adds an entry that was not there.</summary>
    public void Add(TKey key, TValue value)
    {
        Turn();
        _young.Add(key, value);
    }

    private void Turn()
    {
        if (_young.Count < size && time.GetElapsedTime(_began) < age)
        {
            return;
        }

        _old = _young;
        _young = [];
        _began = time.GetTimestamp();
    }
}
