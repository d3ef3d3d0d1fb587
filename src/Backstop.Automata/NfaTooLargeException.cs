namespace Backstop.Automata;

/// <summary>The patterns need more nodes than their builder may make.</summary>
internal sealed class NfaTooLargeException(int maxNodes)
    : Exception($"automaton: the pattern needs more than {maxNodes} nodes; shorten its counted repeats or match it another way");
