using Backstop.Judging;

namespace Backstop.Server.Admission;

/// <summary>What decides the order of mail while not all of it can be served at once.</summary>
/// <param name="Shares">The share of each class.</param>
/// <param name="Gate">The gate that the flood waits at.</param>
/// <param name="Ladder">What is left out under load.</param>
internal sealed record Precedence(ClassShares Shares, FloodGate Gate, Ladder Ladder);
