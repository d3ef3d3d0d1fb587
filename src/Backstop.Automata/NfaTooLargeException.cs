namespace Backstop.Automata;

/// <summary>Thrown when patterns need more nodes than their builder allows.</summary>
internal sealed class NfaTooLargeException(int maxNodes)
    : Exception($"automaton: the pattern needs more than {maxNodes} nodes; shorten its counted repeats or match it another way");
