namespace Backstop.Automata;

/// <summary>
/// The limits on the memory of a <see cref="LazyDfa"/>. At a limit all states are dropped, and made again as texts need
/// them.
/// </summary>
/// <param name="MaxStates">The most states; each has a table of 8 octets for each byte class. Default 4,000.</param>
/// <param name="MaxNodeBytes">The most octets of all states' lists of nodes, about one octet for each node of a state.
/// Default 1,200,000.</param>
/// <param name="GivesUp">For a text that made more than <paramref name="MaxStates"/> states, at least one for every ten
/// octets: false (default) goes on without keeping states, true ends with <see cref="DfaState.GaveUp"/>.</param>
internal sealed record DfaLimits(int MaxStates = 4000, int MaxNodeBytes = 1_200_000, bool GivesUp = false);
