namespace Backstop.Recipes.Running;

/// <summary>All that changes while recipes run. A block with flag c runs on a copy of it.</summary>
internal sealed class RecipeState
{
    private const int MinLineBuffer = 128;

    private RecipeState(RecipeVariables variables, RecipeMessage message, IReadOnlyList<string> arguments, string directory)
    {
        Variables = variables;
        Message = message;
        Arguments = arguments;
        Directory = directory;
        LineBuffer = LineBufferOf(variables.Number("LINEBUF", RecipeDefaults.LineBuffer));
    }

    public RecipeVariables Variables { get; }

    public RecipeMessage Message { get; set; }

    /// <summary>The arguments, <c>$1</c> and on.</summary>
    public IReadOnlyList<string> Arguments { get; set; }

    /// <summary>MAILDIR as it stands, absolute.</summary>
    public string Directory { get; set; }

    public int Umask { get; set; } = 0b000_111_111;

    /// <summary>The score of the last recipe, <c>$=</c>.</summary>
    public int Score { get; set; }

    /// <summary>The exit code of the last program, <c>$?</c>.</summary>
    public int LastStatus { get; set; }

    /// <summary>The rcfile that is being read, <c>$_</c>.</summary>
    public string RcFile { get; set; } = "";

    /// <summary>Whether the recipe before was executed, or one of its E chain.</summary>
    public bool WasExecuted { get; set; }

    /// <summary>Whether the last recipe without A or a matched.</summary>
    public bool HadMatched { get; set; }

    /// <summary>Whether the last action succeeded.</summary>
    public bool Succeeded { get; set; }

    /// <summary>Whether a condition has looked at the header since it was last written out: a folded field is one line then.</summary>
    public bool IsJoined { get; set; }

    /// <summary>How many octets the last action wrote.</summary>
    public long LastSize { get; set; }

    /// <summary>How many octets a line may have, LINEBUF.</summary>
    public int LineBuffer { get; private set; } = RecipeDefaults.LineBuffer;

    public LockTimes LockTimes => new(Variables.Seconds("LOCKSLEEP") ?? TimeSpan.Zero, Variables.Seconds("LOCKTIMEOUT"));

    public static RecipeState Begin(
        IEnumerable<KeyValuePair<string, string>> variables, RecipeMessage message, IReadOnlyList<string> arguments, string directory) =>
        new(new(variables), message, arguments, directory);

    public RecipeState Clone() => new(Variables.Clone(), Message, Arguments, Directory)
    {
        Umask = Umask,
        LineBuffer = LineBuffer,
        Score = Score,
        LastStatus = LastStatus,
        RcFile = RcFile,
        WasExecuted = WasExecuted,
        HadMatched = HadMatched,
        Succeeded = Succeeded,
    };

    /// <summary>Takes LINEBUF up as it is now; without a number in it, procmail keeps the least.</summary>
    public void TakeLineBuffer() => LineBuffer = LineBufferOf(Variables.Number("LINEBUF", 0));

    private static int LineBufferOf(long octets) => (int)Math.Clamp(octets, MinLineBuffer, 1 << 20);

    /// <summary>Returns a path as absolute: a relative one begins at MAILDIR.</summary>
    public string Resolve(string path) => path.StartsWith('/') ? path : Directory + "/" + path;
}
