namespace Backstop.SpamRules.Rules;

/// <summary>What a rule is matched against.</summary>
internal enum RuleKind
{
    /// <summary>Nothing: a name that only holds a score.</summary>
    Empty,

    /// <summary>A header field.</summary>
    Header,

    /// <summary>The rendered text.</summary>
    Body,

    /// <summary>The decoded text before rendering.</summary>
    RawBody,

    /// <summary>Every URI.</summary>
    Uri,

    /// <summary>The whole message as it came.</summary>
    Full,

    /// <summary>An expression over other rules.</summary>
    Meta,

    /// <summary>A function of the engine.</summary>
    Eval,

    /// <summary>The header fields of MIME parts.</summary>
    MimeHeader,

    /// <summary>The parts of URIs.</summary>
    UriDetail,
}

/// <summary>Where an eval rule stands: it decides the word in front of its description, and how autolearning counts it.</summary>
internal enum EvalArea
{
    Header,
    Body,
    RawBody,
    Full,
    Network,
}

/// <summary>A rule as its file says it. Immutable except for what later lines add (a score, flags, a priority).</summary>
internal sealed record RuleDefinition(string Name, RuleKind Kind, string Text, SourceLine Source)
{
    /// <summary>The header a Header or MimeHeader rule looks at, modifiers included.</summary>
    public string Header { get; init; } = "";

    /// <summary>The pattern with its delimiters; empty for <c>exists:</c>.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>Whether the rule hits if the pattern does not match (<c>!~</c>).</summary>
    public bool IsNegated { get; init; }

    /// <summary>The text that is matched if the header is absent; null for none.</summary>
    public string? IfUnset { get; init; }

    public string Function { get; init; } = "";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public EvalArea Area { get; init; }

    public IReadOnlyList<UriCriterion> Criteria { get; init; } = [];

    /// <summary>Whether the rule is a sub-rule: it has no score and is not reported.</summary>
    public bool IsSubRule { get; } = Name.StartsWith("__", StringComparison.Ordinal);
}

/// <summary>A part of a URI and the pattern it has to match, or must not.</summary>
internal sealed record UriCriterion(string Target, bool IsNegated, string Pattern);

/// <summary>A line of a rule file.</summary>
/// <param name="File">Path as given.</param>
/// <param name="Line">From 1.</param>
public readonly record struct SourceLine(string File, int Line)
{
    /// <summary><c>FILE:LINE</c>, as compilers write it.</summary>
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>Something in a rule file that was not understood; the line was skipped and reading went on.</summary>
/// <param name="Source">The line; line 0 of <c>redirector_pattern</c> is any line of that name.</param>
/// <param name="Message">What is wrong with it, in one sentence without the place.</param>
/// <param name="IsError">False for a setting of SpamAssassin that has no effect here, such as how it locks its files.</param>
public sealed record RuleDiagnostic(SourceLine Source, string Message, bool IsError)
{
    /// <summary><c>FILE:LINE: MESSAGE</c>.</summary>
    public override string ToString() => $"{Source}: {Message}";
}
