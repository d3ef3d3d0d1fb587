namespace Backstop.Backscatter.Proofs;

/// <summary>The result of a proof.</summary>
public enum ProofResult
{
    /// <summary>Nothing was found.</summary>
    None,

    /// <summary>We sent the returned message.</summary>
    Pass,

    /// <summary>It claims to be ours but is not.</summary>
    Fail,
}

/// <summary>One proof of origin.</summary>
/// <param name="Name"><c>batv</c>, <c>srs</c>, <c>signed-message-id</c>, <c>own-dkim</c>, <c>journal</c>, <c>own-field</c> or
/// <c>received</c>.</param>
/// <param name="Result">Whether it shows that we sent the message, or that we did not.</param>
/// <param name="Detail">What was compared, in a few words; empty for none.</param>
public sealed record Proof(string Name, ProofResult Result, string Detail)
{
    /// <summary>The reason of a verdict based on this proof; null if it cannot decide.</summary>
    public Reason? Reason { get; init; }

    /// <summary>Whether it is about the recipient's address, which the report's sender copied and nobody rewrote.</summary>
    public bool IsOfEnvelope => Name is "batv" or "srs";
}

/// <summary>All proofs about a report's origin.</summary>
/// <param name="All">The proofs, strongest first.</param>
/// <param name="HasHint">Whether a host of ours is named: no proof, but a reason not to refuse.</param>
public sealed record ProofSet(IReadOnlyList<Proof> All, bool HasHint)
{
    /// <summary>The strongest proof that passed, or null.</summary>
    public Proof? Passed => All.FirstOrDefault(p => p.Result == ProofResult.Pass);

    /// <summary>
    /// A tag or id that claims to be ours but is forged or expired; or null. A DKIM signature that does not verify does
    /// not count, because relays change headers.
    /// </summary>
    public Proof? Refuted => All.FirstOrDefault(p => p.Result == ProofResult.Fail && p.Reason is not null);

    /// <summary><c>ours</c>, <c>not-ours</c> or <c>unknown</c>.</summary>
    public string Origin => Passed is not null ? "ours" : Refuted is not null ? "not-ours" : "unknown";
}
