using Backstop.Recipes.Language;

namespace Backstop.Recipes.Running;

/// <summary>Where in the rcfiles a run is: blocks and included files within one another.</summary>
internal sealed class RecipeFrames
{
    // An rcfile may include itself (people loop so); not for ever.
    private const int MaxDepth = 256;

    private readonly Stack<Frame> _frames;

    public RecipeFrames()
        : this([])
    {
    }

    private RecipeFrames(Stack<Frame> frames) => _frames = frames;

    public bool IsEmpty => _frames.Count == 0;

    public bool IsFull => _frames.Count >= MaxDepth;

    /// <summary>A copy, that goes its own way.</summary>
    public RecipeFrames Clone() => new(new(_frames.Reverse().Select(f => f with { })));

    /// <summary>Goes into a file.</summary>
    public void Enter(RcFile file) => _frames.Push(new(file.Statements, IsFile: true, file.Path, Returns: null));

    /// <summary>Goes into a block.</summary>
    public void Enter(RcBlockAction block) => _frames.Push(new(block.Statements, IsFile: false, "", Returns: null));

    /// <summary>Goes into an included file, and back to the name of this one afterwards.</summary>
    public void Include(RcFile file, string returns) => _frames.Push(new(file.Statements, IsFile: true, file.Path, returns));

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

    /// <summary>Leaves everything.</summary>
    public void Clear() => _frames.Clear();

    /// <summary>The next statement; null at the end of a block or file, which is left.</summary>
    /// <param name="left">What was left.</param>
    public RcStatement? Next(out Frame? left)
    {
        left = null;
        var frame = _frames.Peek();
        if (frame.At < frame.Statements.Count)
        {
            return frame.Statements[frame.At++];
        }

        left = _frames.Pop();
        return null;
    }

    /// <summary>A block or a file.</summary>
    internal sealed record Frame(IReadOnlyList<RcStatement> Statements, bool IsFile, string Path, string? Returns)
    {
        public int At { get; set; }
    }
}
