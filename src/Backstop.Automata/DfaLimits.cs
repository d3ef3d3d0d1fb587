namespace Backstop.Automata;

/// <summary>What a <see cref="LazyDfa"/> may keep. At a limit all states are forgotten and made anew as texts need them.</summary>
/// <param name="MaxStates">States; each has a table of 8 octets for each byte class. Default 4,000.</param>
/// <param name="MaxNodeBytes">Octets of all states' lists of nodes, about one for each node a state stands at. Default 1,200,000.</param>
/// <param name="GivesUp">
/// What becomes of a text that made more than <paramref name="MaxStates"/>, and one in ten octets or oftener: false (default) reads on
/// without keeping any, true ends with <see cref="DfaState.GaveUp"/>.
/// </param>
internal sealed record DfaLimits(int MaxStates = 4000, int MaxNodeBytes = 1_200_000, bool GivesUp = false);
