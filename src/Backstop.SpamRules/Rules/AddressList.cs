
namespace Backstop.SpamRules.Rules;

/// <summary>A list of addresses in lower case, in which <c>*</c> and <c>?</c> are wildcards.</summary>
internal sealed class AddressList
{
    private HashSet<string> _exact = new(StringComparer.Ordinal);
    private Dictionary<string, AddressGlob> _globs = new(StringComparer.Ordinal);

    /// <summary>Globs of the form <c>*@domain</c> and <c>*@*.domain</c>, of which lists hold thousands.</summary>
    private HashSet<string> _suffixes = new(StringComparer.Ordinal);

    public bool IsEmpty => _exact.Count == 0 && _globs.Count == 0 && _suffixes.Count == 0;

    public AddressList Copy() => new()
    {
        _exact = new(_exact, StringComparer.Ordinal),
        _globs = new(_globs, StringComparer.Ordinal),
        _suffixes = new(_suffixes, StringComparer.Ordinal),
    };

    public void Add(string pattern)
    {
        var lower = pattern.ToLowerInvariant();
        if (!lower.AsSpan().ContainsAny("*?"))
        {
            _exact.Add(lower);
        }
        else if (lower.StartsWith("*@", StringComparison.Ordinal) && !lower.AsSpan(2).ContainsAny("*?"))
        {
            _suffixes.Add(lower[1..]);
        }
        else
        {
            _globs[lower] = new AddressGlob(lower);
        }
    }

    public void Remove(string pattern)
    {
        var lower = pattern.ToLowerInvariant();
        _exact.Remove(lower);
        _globs.Remove(lower);
        _suffixes.Remove(lower.StartsWith('*') ? lower[1..] : lower);
    }

    public bool Contains(string address)
    {
        var lower = address.ToLowerInvariant();
        return _exact.Contains(lower) || EndsWithSuffix(lower) || _globs.Values.Any(g => g.IsMatch(lower));
    }

    private bool EndsWithSuffix(string address)
    {
        for (var at = address.IndexOf('@', StringComparison.Ordinal); at >= 0; at = address.IndexOf('@', at + 1))
        {
            if (_suffixes.Contains(address[at..]))
            {
                return true;
            }
        }

        return false;
    }
}
