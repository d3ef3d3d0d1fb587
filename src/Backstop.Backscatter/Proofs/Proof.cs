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
/// <param name="Name"><c>batv</c> or <c>journal</c>.</param>
/// <param name="Result">What it gave.</param>
/// <param name="Detail">What was compared, in few words; empty for none.</param>
public sealed record Proof(string Name, ProofResult Result, string Detail);
