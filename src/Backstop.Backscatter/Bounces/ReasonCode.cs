namespace Backstop.Backscatter.Bounces;

/// <summary>The meaning of an enhanced status code: a row of <c>reasons.tsv</c>.</summary>
/// <param name="Reason">The reason that the code stands for.</param>
/// <param name="IsFirm">Whether servers use the code only for this reason; otherwise their words take
/// precedence.</param>
internal readonly record struct ReasonCode(BounceReason Reason, bool IsFirm);
