using Backstop.Recipes.Language;

namespace Backstop.Recipes.Linting;

/// <summary>A change to an rcfile.</summary>
/// <param name="At">Where.</param>
/// <param name="Length">How many chars go.</param>
/// <param name="Text">What comes.</param>
public sealed record LintEdit(RcPosition At, int Length, string Text);

/// <summary>Something in an rcfile that does not do what it seems to, or loses mail.</summary>
/// <param name="Id">L01 to L40.</param>
/// <param name="Name">The same in words.</param>
/// <param name="At">Where.</param>
/// <param name="Why">What happens, in one sentence.</param>
/// <param name="Mended">How it should read.</param>
/// <param name="Edit">The change that makes it so; null where a person must decide.</param>
public sealed record LintFinding(string Id, string Name, RcPosition At, string Why, string Mended, LintEdit? Edit)
{
    /// <summary>Whether it is worth a look in any rcfile, or only for who asks.</summary>
    public LintLevel Level { get; init; } = LintLevel.Warning;
}
