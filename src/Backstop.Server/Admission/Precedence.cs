using Backstop.Judging;

namespace Backstop.Server.Admission;

/// <summary>Who goes first while not all can be served at once.</summary>
/// <param name="Shares">The shares of each class of mail.</param>
/// <param name="Gate">The gate that mail of the null sender waits at.</param>
/// <param name="Ladder">What is left out under load.</param>
internal sealed record Precedence(ClassShares Shares, FloodGate Gate, Ladder Ladder);
