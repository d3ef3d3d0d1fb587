namespace Backstop.Backscatter.Bounces;

/// <summary>What an enhanced status means: a row of <c>reasons.tsv</c>.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="IsFirm">Whether servers mean it by that code; otherwise they use it for much else too, and their words go first.</param>
internal readonly record struct ReasonCode(BounceReason Reason, bool IsFirm);
