namespace Backstop.Backscatter.Proofs;

/// <summary>A tag list, RFC 6376 §3.2: <c>tag=value; tag=value</c>; white space around both is ignored.</summary>
internal sealed class DkimTags
{
    private const int MaxTags = 30;

    private readonly Dictionary<string, string> _tags = new(StringComparer.Ordinal);

    /// <summary>Parses a list; of two tags with one name the first counts.</summary>
    public static DkimTags Parse(string text)
    {
        var tags = new DkimTags();
        foreach (var item in text.Split(';', MaxTags))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                tags._tags.TryAdd(item[..equals].Trim(), item[(equals + 1)..].Trim());
            }
        }

        return tags;
    }

    /// <summary>Returns a tag's value, or an empty text.</summary>
    public string Value(string tag) => _tags.GetValueOrDefault(tag, "");
}
