namespace Backstop.Backscatter.Proofs;

/// <summary>What a proof gave.</summary>
public enum ProofResult
{
    /// <summary>Nothing to go by.</summary>
    None,

    /// <summary>We sent what is returned.</summary>
    Pass,

    /// <summary>It claims to be ours and is not.</summary>
    Fail,
}

/// <summary>One proof of origin.</summary>
/// <param name="Name"><c>batv</c>, <c>srs</c>, <c>signed-message-id</c>, <c>own-dkim</c>, <c>journal</c>, <c>own-field</c> or
/// <c>received</c>.</param>
/// <param name="Result">What it gave.</param>
/// <param name="Detail">What was compared, in few words; empty for none.</param>
public sealed record Proof(string Name, ProofResult Result, string Detail)
{
    /// <summary>The reason of a verdict that stands on this proof; null where none can.</summary>
    public Reason? Reason { get; init; }

    /// <summary>Whether it is about the address the report came to, which its sender copied and nobody rewrote.</summary>
    public bool IsOfEnvelope => Name is "batv" or "srs";
}

/// <summary>Everything that was asked about a report's origin.</summary>
/// <param name="All">The proofs, strongest first.</param>
/// <param name="HasHint">A host of ours is named: no proof, but a reason not to refuse.</param>
public sealed record ProofSet(IReadOnlyList<Proof> All, bool HasHint)
{
    /// <summary>The strongest that passed, or null.</summary>
    public Proof? Passed => All.FirstOrDefault(p => p.Result == ProofResult.Pass);

    /// <summary>
    /// A tag or id that claims to be ours and is not, or no more; or null. A damaged DKIM signature is none: relays change headers.
    /// </summary>
    public Proof? Refuted => All.FirstOrDefault(p => p.Result == ProofResult.Fail && p.Reason is not null);

    /// <summary><c>ours</c>, <c>not-ours</c> or <c>unknown</c>.</summary>
    public string Origin => Passed is not null ? "ours" : Refuted is not null ? "not-ours" : "unknown";
}
