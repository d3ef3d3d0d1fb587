using System.Buffers;

namespace Backstop.Backscatter.Bounces;

/// <summary>A line of <c>wording.tsv</c> that was found in a message.</summary>
/// <param name="Kind">What such words mean.</param>
/// <param name="Format">Whose words they are.</param>
internal sealed record WordingHit(MailKind Kind, string Format);

/// <summary>Finds the words of automatic mail. All phrases are looked for in one pass.</summary>
internal sealed class Wording
{
    private readonly (string Words, WordingHit Hit)[] _phrases;
    private readonly SearchValues<string> _search;

    private Wording(IEnumerable<(string Words, WordingHit Hit)> phrases)
    {
        _phrases = [.. phrases];
        _search = SearchValues.Create([.. _phrases.Select(p => p.Words)], StringComparison.OrdinalIgnoreCase);
    }

    public static Wording SubjectStart { get; } = Load("subject");

    public static Wording Subject { get; } = Load("subject*");

    public static Wording Body { get; } = Load("body");

    /// <summary>All phrases in the text, each once, in the order of the table.</summary>
    public IReadOnlyList<WordingHit> Find(ReadOnlySpan<char> text)
    {
        var at = text.IndexOfAny(_search);
        if (at < 0)
        {
            return [];
        }

        var found = new SortedDictionary<int, WordingHit>();
        while (at >= 0)
        {
            text = text[at..];
            Add(text, found);
            text = text[1..];
            at = text.IndexOfAny(_search);
        }

        return [.. found.Values];
    }

    /// <summary>The first phrase that the text begins with.</summary>
    public WordingHit? AtStart(ReadOnlySpan<char> text)
    {
        foreach (var (words, hit) in _phrases)
        {
            if (text.StartsWith(words, StringComparison.OrdinalIgnoreCase))
            {
                return hit;
            }
        }

        return null;
    }

    private void Add(ReadOnlySpan<char> text, SortedDictionary<int, WordingHit> found)
    {
        for (var i = 0; i < _phrases.Length; i++)
        {
            if (text.StartsWith(_phrases[i].Words, StringComparison.OrdinalIgnoreCase))
            {
                found[i] = _phrases[i].Hit;
            }
        }
    }

    private static Wording Load(string place)
    {
        using var stream = typeof(Wording).Assembly.GetManifestResourceStream("wording.tsv")!;
        using var reader = new StreamReader(stream);
        var phrases = new List<(string, WordingHit)>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var columns = line.Split('\t');
            if (columns[2] == place)
            {
                phrases.Add((columns[3], new(MailKindWord.Parse(columns[0])!.Value, columns[1])));
            }
        }

        return new(phrases);
    }
}
