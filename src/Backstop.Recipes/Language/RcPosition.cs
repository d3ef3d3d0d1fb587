namespace Backstop.Recipes.Language;

/// <summary>A place in an rcfile.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in octets.</param>
public readonly record struct RcPosition(int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column}";
}

/// <summary>A piece of an rcfile as it stands there: quotes, substitutions and continued lines untouched. One char an octet.</summary>
/// <param name="Text">The piece.</param>
/// <param name="At">Where it begins.</param>
public sealed record RcText(string Text, RcPosition At);
