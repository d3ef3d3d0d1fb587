using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>The position of a run: the nested blocks and included files it is in.</summary>
internal sealed class RecipeFrames
{
    // An rcfile may include itself (people loop so); not for ever.
    private const int MaxDepth = 256;

    // A file included twice by itself would double at each level, and a file that switches to itself adds no level at all.
    private const int MaxFiles = 1_000;

    // Each copy runs what follows it and makes its own copies there, so their number doubles each time.
    private const int MaxCopies = 256;

    // No person's rcfile carries out so many statements.
    private const int MaxStatements = 100_000;

    private readonly Stack<Frame> _frames;
    private readonly Counts _counts;

    public RecipeFrames()
        : this([], new())
    {
    }

    private RecipeFrames(Stack<Frame> frames, Counts counts) => (_frames, _counts) = (frames, counts);

    public bool IsEmpty => _frames.Count == 0;

    /// <summary>Whether no more files are included: nested too deep, or too many for one message and its copies.</summary>
    public bool IsFull => _frames.Count >= MaxDepth || _counts.Files >= MaxFiles;

    /// <summary>A copy for a block with flag c; null if one message has had too many.</summary>
    public RecipeFrames? Copy() => ++_counts.Copies > MaxCopies ? null : new(new(_frames.Reverse().Select(f => f with { })), _counts);

    public void Enter(RcFile file) => _frames.Push(new(file.Statements, IsFile: true, file.Path, Returns: null));

    public void Enter(RcBlockAction block) => _frames.Push(new(block.Statements, IsFile: false, "", Returns: null));

    /// <summary>Enters an included file; its end returns to the rcfile named here.</summary>
    public void Include(RcFile file, string returns)
    {
        _counts.Files++;
        _frames.Push(new(file.Statements, IsFile: true, file.Path, returns));
    }

    /// <summary>Leaves the file that is being read, its blocks included.</summary>
    /// <returns>The name of the rcfile that goes on, or null.</returns>
    public string? LeaveFile()
    {
        while (_frames.TryPop(out var frame))
        {
            if (frame.IsFile)
            {
                return frame.Returns;
            }
        }

        return null;
    }

    /// <summary>The statements that may still run.</summary>
    /// <param name="withCurrent">Whether to count the statement taken last, which has not ended.</param>
    public IEnumerable<RcStatement> Ahead(bool withCurrent) =>
        _frames.SelectMany((frame, i) => frame.Statements.Skip(i == 0 && withCurrent ? frame.At - 1 : frame.At));

    /// <summary>Leaves all blocks and files: the run ends.</summary>
    public void Clear() => _frames.Clear();

    /// <summary>The next statement; null at the end of a block or file, which is left.</summary>
    /// <param name="left">The block or file that ended.</param>
    public RcStatement? Next(out Frame? left)
    {
        left = null;
        var frame = _frames.Peek();
        if (frame.At < frame.Statements.Count && ++_counts.Statements <= MaxStatements)
        {
            return frame.Statements[frame.At++];
        }

        left = _frames.Pop();
        return null;
    }

    /// <summary>A block or a file that the run is in.</summary>
    internal sealed record Frame(IReadOnlyList<RcStatement> Statements, bool IsFile, string Path, string? Returns)
    {
        public int At { get; set; }
    }

    // Of one message, its copies included.
    private sealed class Counts
    {
        public int Files { get; set; }

        public int Copies { get; set; }

        public int Statements { get; set; }
    }
}
