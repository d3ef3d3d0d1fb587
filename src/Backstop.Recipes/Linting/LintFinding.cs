using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>A change to an rcfile.</summary>
/// <param name="At">The line and column.</param>
/// <param name="Length">How many characters are removed.</param>
/// <param name="Text">The text that replaces them.</param>
public sealed record LintEdit(RcPosition At, int Length, string Text);

/// <summary>Something in an rcfile that does not do what it seems to, or loses mail.</summary>
/// <param name="Id">L01 to L40.</param>
/// <param name="Name">Its short name, such as no-lock-mbox.</param>
/// <param name="At">The line and column.</param>
/// <param name="Why">What happens, in one sentence.</param>
/// <param name="Mended">How it should read.</param>
/// <param name="Edit">The change that makes it so; null where a person must decide.</param>
public sealed record LintFinding(string Id, string Name, RcPosition At, string Why, string Mended, LintEdit? Edit)
{
    /// <summary>Whether it is always shown, or only when asked for.</summary>
    public LintLevel Level { get; init; } = LintLevel.Warning;
}
