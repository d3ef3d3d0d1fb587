using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Backstop.SpamRules.Rules;

/// <summary>
/// A dictionary over a shared one that is never changed, so that a user's preferences need no copy of the site's rules.
/// </summary>
/// <param name="below">What counts where nothing was set here; null: nothing.</param>
internal sealed class LayeredDictionary<T>(IReadOnlyDictionary<string, T>? below = null) : IReadOnlyDictionary<string, T>
{
    private readonly Dictionary<string, T> _own = new(StringComparer.Ordinal);

    /// <summary>What was set here.</summary>
    public IReadOnlyDictionary<string, T> Own => _own;

    public int Count => _own.Count + (below is null ? 0 : below.Count - _own.Keys.Count(below.ContainsKey));

    public IEnumerable<string> Keys => this.Select(p => p.Key);

    public IEnumerable<T> Values => this.Select(p => p.Value);

    public T this[string key]
    {
        get => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException(key);
        set => _own[key] = value;
    }

    public bool ContainsKey(string key) => _own.ContainsKey(key) || below?.ContainsKey(key) == true;

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value)
    {
        if (_own.TryGetValue(key, out value))
        {
            return true;
        }

        value = default;
        return below?.TryGetValue(key, out value) == true;
    }

    public bool TryAdd(string key, T value) => !ContainsKey(key) && _own.TryAdd(key, value);

    /// <summary>In the order of the shared dictionary, then what only this one has.</summary>
    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => below is null
        ? _own.GetEnumerator()
        : below.Select(p => _own.TryGetValue(p.Key, out var value) ? new(p.Key, value) : p)
            .Concat(_own.Where(p => !below.ContainsKey(p.Key))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
