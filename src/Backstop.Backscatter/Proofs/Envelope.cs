namespace Backstop.Backscatter.Proofs;

/// <summary>What the envelope proves about a message.</summary>
/// <param name="IsRole">Whether the recipient is postmaster@ or abuse@, which always reach a person.</param>
/// <param name="Batv">The result of checking the recipient's tag.</param>
/// <param name="Ours">The addresses of the recipient's mailbox as keys, the recipient first.</param>
/// <param name="Srs">The result of checking the recipient's SRS address.</param>
public sealed record Envelope(bool IsRole, BatvOutcome Batv, IReadOnlyList<string> Ours, SignedOutcome Srs = SignedOutcome.None);
