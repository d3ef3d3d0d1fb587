namespace Backstop.Recipes.Linting;

/// <summary>How sure a finding is.</summary>
public enum LintLevel
{
    /// <summary>True, and in most rcfiles harmless or meant: shown only when asked for.</summary>
    Hint,

    /// <summary>The rcfile does something else than it seems to, or loses mail.</summary>
    Warning,
}
