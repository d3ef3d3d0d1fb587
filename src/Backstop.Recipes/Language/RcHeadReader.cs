using System.Buffers;

namespace Backstop.Recipes.Language;

/// <summary>Reads the first line of a recipe as far as it can be told without the values of variables.</summary>
internal sealed class RcHeadReader
{
    private static readonly SearchValues<char> _values = SearchValues.Create("$`");
    private static readonly SearchValues<char> _marks = SearchValues.Create("$`\"'\\");

    private readonly RcHead _head;

    /// <summary>Reads the first line of a recipe.</summary>
    /// <param name="line">Behind the colon that begins it.</param>
    public RcHeadReader(RcText line)
    {
        _head = RcHead.Parse(new RcReader(line.Text, 0, RcReading.Words, RcUnknownValues.Empty).Read().Words);
        var colon = ColonOf(line.Text);
        var front = colon < 0 ? line.Text : line.Text[..colon];
        HasVariableFlags = front.AsSpan().ContainsAny(_values);
        IsPlain = !line.Text.AsSpan().ContainsAny(_marks);
        Lock = colon >= 0 && (_head.Lock is not null || HasVariableFlags) ? LockOf(line, colon) : null;
        Skipped = _head.Skipped.Length == 0 || HasVariableFlags || !IsPlain ? [] : [new(_head.Skipped, line.At)];
    }

    /// <summary>The flags that are written there.</summary>
    public RcFlags Flags => _head.Flags;

    /// <summary>How many conditions follow; -1 where stars mark them.</summary>
    public int Count => _head.Count;

    /// <summary>Whether variables may add flags.</summary>
    public bool HasVariableFlags { get; }

    /// <summary>Whether the line means the same whatever variables there are.</summary>
    public bool IsPlain { get; }

    /// <summary>The lockfile as written.</summary>
    public RcText? Lock { get; }

    /// <summary>What is not a flag there.</summary>
    public IReadOnlyList<RcText> Skipped { get; }

    private static RcText LockOf(RcText line, int colon)
    {
        var start = colon + 1;
        while (start < line.Text.Length && line.Text[start] is ' ' or '\t')
        {
            start++;
        }

        var name = new RcReader(line.Text, start, RcReading.Value, RcUnknownValues.Some).Read();
        return new(line.Text[start..name.End], line.At with { Column = line.At.Column + start });
    }

    // The colon in ${name:+text} does not begin a lockfile.
    private static int ColonOf(string line)
    {
        var depth = 0;
        for (var at = 0; at < line.Length && line[at] != '#'; at++)
        {
            depth += line.AsSpan(at).StartsWith("${") ? 1 : line[at] == '}' && depth > 0 ? -1 : 0;
            if (line[at] == ':' && depth == 0)
            {
                return at;
            }
        }

        return -1;
    }
}
