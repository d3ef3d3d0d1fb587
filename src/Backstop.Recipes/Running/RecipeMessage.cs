namespace Backstop.Recipes.Running;

/// <summary>A message as recipes see it: a <c>From </c> line perhaps, a header to the first empty line, a body.</summary>
internal sealed class RecipeMessage
{
    private readonly ReadOnlyMemory<byte> _octets;
    private byte[]? _joinedHeader;
    private byte[]? _joined;

    /// <summary>Finds where the header ends.</summary>
    /// <param name="octets">The message with LF line ends.</param>
    public RecipeMessage(ReadOnlyMemory<byte> octets)
    {
        _octets = octets;
        var span = octets.Span;

        // A newline at the very start begins the header, as for procmail: an empty header there is not.
        var empty = span.IndexOf("\n\n"u8);
        BodyStart = empty < 0 ? span.Length : empty + 2;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlyMemory<byte> Octets => _octets;

    /// <summary>Where the body begins.</summary>
    public int BodyStart { get; }

    /// <summary>The header with the empty line behind it.</summary>
    public ReadOnlyMemory<byte> Header => _octets[..BodyStart];

    public ReadOnlyMemory<byte> Body => _octets[BodyStart..];

    /// <summary>The length of the <c>From </c> line at the start, its newline included; 0 where there is none.</summary>
    public int FromLineLength =>
        _octets.Span.StartsWith("From "u8) ? _octets.Span.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : _octets.Length : 0;

    /// <summary>The header as conditions see it: a folded field is one line, its newline a space.</summary>
    public ReadOnlySpan<byte> JoinedHeader => _joinedHeader ??= Join(Header.Span);

    /// <summary>The header as conditions see it, and the body.</summary>
    public ReadOnlySpan<byte> Joined => _joined ??= [.. JoinedHeader, .. Body.Span];

    /// <summary>The body of one of its fields, unfolded; null where there is none.</summary>
    /// <param name="name">With the colon.</param>
    public string? Field(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Find(JoinedHeader, name)?[name.Length..].Trim(' ', '\t');
    }

    /// <summary>All its fields of a name, whole and unfolded, without the name, the uppermost first.</summary>
    /// <param name="name">With the colon.</param>
    public IEnumerable<string> Fields(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Octets.Length == 0 ? [] : FindAll(JoinedHeader, name).ConvertAll(l => l[name.Length..].Trim(' ', '\t'));
    }

    /// <summary>The first line of one of its fields; null where there is none.</summary>
    /// <param name="name">With the colon.</param>
    public string? FirstLine(string name) => Find(Header.Span, name);

    /// <summary>One of its fields with its name, unfolded; null where there is none.</summary>
    /// <param name="name">With the colon.</param>
    public string? JoinedLine(string name) => Find(JoinedHeader, name);

    private static string? Find(ReadOnlySpan<byte> header, string name) => FindAll(header, name, most: 1).FirstOrDefault();

    private static List<string> FindAll(ReadOnlySpan<byte> header, string name, int most = int.MaxValue)
    {
        var found = new List<string>();
        foreach (var range in header.Split((byte)'\n'))
        {
            var line = header[range];
            if (line.Length >= name.Length && Running.Octets.ToText(line[..name.Length]).Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                found.Add(Running.Octets.ToText(line));
                if (found.Count == most)
                {
                    break;
                }
            }
        }

        return found;
    }

    private static byte[] Join(ReadOnlySpan<byte> header)
    {
        var joined = header.ToArray();
        for (var at = 0; at + 1 < joined.Length; at++)
        {
            if (joined[at] == '\n' && joined[at + 1] is (byte)' ' or (byte)'\t')
            {
                joined[at] = (byte)' ';
            }
        }

        return joined;
    }
}
