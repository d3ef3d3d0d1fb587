namespace Backstop.Recipes.Language;

/// <summary>A statement of an rcfile.</summary>
/// <param name="At">Its line and column.</param>
public abstract record RcStatement(RcPosition At);

/// <summary>An assignment, <c>NAME=value</c>.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Name">The variable.</param>
/// <param name="Value">As written.</param>
public sealed record RcAssignment(RcPosition At, string Name, RcText Value) : RcStatement(At);

/// <summary>A bare name: unsets the variable.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Name">The variable.</param>
public sealed record RcUnset(RcPosition At, string Name) : RcStatement(At);

/// <summary>Text that is not a statement: procmail logs "Skipped" and goes on.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Text">What was skipped.</param>
public sealed record RcSkipped(RcPosition At, string Text) : RcStatement(At);

/// <summary>A quote that is never closed: it takes the rest of the file into a statement.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="Statement">The statement that the quote is in.</param>
public sealed record RcUnclosed(RcPosition At, RcStatement Statement) : RcStatement(At);

/// <summary>A recipe: <c>:0</c> with flags and lockfile, conditions, one action.</summary>
/// <param name="At">Where its colon stands.</param>
/// <param name="Flags">Those that the first line has as written; variables may add others.</param>
/// <param name="Head">Its first line as written.</param>
/// <param name="Skipped">Letters and words of the first line that are not flags.</param>
/// <param name="Lock">The local lockfile; empty where its name follows from the action; null where there is none.</param>
/// <param name="IsCounted">Whether conditions are counted (<c>:2</c>) instead of marked with stars.</param>
/// <param name="Conditions">In the order in which they are tested.</param>
/// <param name="Action">Its action; null where there is none.</param>
public sealed record RcRecipe(
    RcPosition At,
    RcFlags Flags,
    RcText Head,
    IReadOnlyList<RcText> Skipped,
    RcText? Lock,
    bool IsCounted,
    IReadOnlyList<RcCondition> Conditions,
    RcAction? Action)
    : RcStatement(At)
{
    /// <summary>Whether variables may add flags to those that are written, as in <c>:0 ${COPY:+c}</c>.</summary>
    public bool HasVariableFlags { get; init; }

    /// <summary>Whether the first line has no variables and no quotes: it means the same in each run.</summary>
    internal bool HasPlainHead { get; init; } = true;

    /// <summary>Whether it has one of these flags.</summary>
    /// <param name="flags">One or more; any of them is enough.</param>
    public bool Has(RcFlags flags) => Flags.HasAny(flags);
}

/// <summary>What a recipe does.</summary>
/// <param name="At">Its line and column.</param>
public abstract record RcAction(RcPosition At);

/// <summary>The action that delivers to one or more folders.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Names">The rest of the line.</param>
public sealed record RcFolderAction(RcPosition At, RcText Names) : RcAction(At);

/// <summary>The action that runs a program: <c>| command</c>, or <c>NAME=| command</c>.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Variable">What takes the output, or null.</param>
/// <param name="Command">Behind the bar.</param>
public sealed record RcPipeAction(RcPosition At, string? Variable, RcText Command) : RcAction(At);

/// <summary>The action that forwards: <c>! addresses</c>.</summary>
/// <param name="At">Its line and column.</param>
/// <param name="Arguments">Behind the exclamation mark.</param>
public sealed record RcForwardAction(RcPosition At, RcText Arguments) : RcAction(At);

/// <summary>The action that is a block of statements in braces.</summary>
/// <param name="At">Where its brace stands.</param>
/// <param name="Statements">Its statements, in order.</param>
/// <param name="IsClosed">False where the file ends within.</param>
public sealed record RcBlockAction(RcPosition At, IReadOnlyList<RcStatement> Statements, bool IsClosed) : RcAction(At);

/// <summary>A parsed rcfile.</summary>
/// <param name="Path">Its name.</param>
/// <param name="Statements">Its statements, in order.</param>
public sealed record RcFile(string Path, IReadOnlyList<RcStatement> Statements);
