namespace Backstop.SpamRules.Learning;

/// <summary>The tokens of a message, each once.</summary>
/// <param name="seen">Gets every token as it is added, for tests and for a comparison with another learner; null where nobody asks.</param>
internal sealed class TokenSet(Action<ReadOnlySpan<byte>>? seen = null)
{
    private byte[] _joined = new byte[256];

    public HashSet<long> Numbers { get; } = [];

    /// <summary>How many were added, those that were known included.</summary>
    public int Added { get; private set; }

    /// <summary>Adds a token; an empty one is none.</summary>
    /// <param name="prefix">Where it stands, in octets.</param>
    /// <param name="token">The token, in octets.</param>
    public void Add(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> token)
    {
        Added++;
        var length = prefix.Length + token.Length;
        if (length == 0)
        {
            return;
        }

        if (prefix.Length > 0)
        {
            if (_joined.Length < length)
            {
                _joined = new byte[2 * length];
            }

            prefix.CopyTo(_joined);
            token.CopyTo(_joined.AsSpan(prefix.Length));
            token = _joined.AsSpan(0, length);
        }

        Numbers.Add(TokenHash.Of(token));
        seen?.Invoke(token);
    }
}
