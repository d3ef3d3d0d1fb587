using System.Diagnostics.CodeAnalysis;

namespace Backstop.Judging.Clients;

/// <summary>
/// A table of bounded size that drops unused entries: it has two generations, and the older is dropped when the younger
/// is full or old.
/// </summary>
/// <remarks>Entries have no timers, and the table is never scanned. Not thread-safe.</remarks>
internal sealed class Generations<TKey, TValue>(int size, TimeSpan age, TimeProvider time)
    where TKey : notnull
    where TValue : class
{
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];
    private long _began = time.GetTimestamp();

    /// <summary>The number of entries; at most twice the size.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>Finds an entry and moves it to the younger generation.</summary>
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

    /// <summary>Adds an entry that is not in the table.</summary>
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
