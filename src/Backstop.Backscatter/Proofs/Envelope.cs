namespace Backstop.Backscatter.Proofs;

/// <summary>What the envelope already told about a message.</summary>
/// <param name="IsRole">The recipient is postmaster@ or abuse@, which always reaches a person.</param>
/// <param name="Batv">What the recipient's tag proved.</param>
/// <param name="Ours">The addresses of the recipient's mailbox, as keys; the one it came to first.</param>
/// <param name="Srs">What the recipient's SRS address proved.</param>
public sealed record Envelope(bool IsRole, BatvOutcome Batv, IReadOnlyList<string> Ours, SignedOutcome Srs = SignedOutcome.None);
