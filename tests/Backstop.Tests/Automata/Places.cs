using System.Text;
using Backstop.Automata;

namespace Backstop.Tests.Automata;

/// <summary>A text as patterns see it, with its border if it has one, and what stands at each of its places.</summary>
internal sealed class Places(string text, bool hasBorder)
{
    public byte[] Octets { get; } = Encoding.Latin1.GetBytes(hasBorder ? $"\n{text}\n" : text);

    public Side Before(int at) => at == (hasBorder ? 1 : 0) ? Side.Edge : at == 0 ? Side.Other : Of(Octets[at - 1]);

    /// <summary>Behind the last border a newline is read, so that a match that ends with the border is known.</summary>
    public Side Next(int at) => at == Octets.Length - (hasBorder ? 1 : 0) ? Side.Edge : at == Octets.Length ? Side.Newline : Of(Octets[at]);

    /// <summary>Where matches of each pattern end, in the order of places.</summary>
    public IEnumerable<(int At, int Pattern)> Ends(IReadOnlyList<Tree> patterns) =>
        patterns.SelectMany((p, i) => Starts().SelectMany(s => p.Ends(this, s)).Distinct().Select(e => (e, i))).Order();

    /// <summary>As <see cref="Ends(IReadOnlyList{Tree})"/>, from the automaton.</summary>
    public IEnumerable<(int At, int Pattern)> Ends(LazyDfa dfa)
    {
        var symbols = Octets.Select(o => (int)dfa.ClassOf[o]).ToList();
        if (hasBorder)
        {
            (symbols[0], symbols[^1]) = (dfa.Begin, dfa.End);
        }

        symbols.Add(hasBorder ? dfa.ClassOf['\n'] : dfa.End);
        var (state, made, ends) = (dfa.Start, 0, new List<(int, int)>());
        for (var at = 0; at < symbols.Count && !state.IsLast; at++)
        {
            state = dfa.Next(state, symbols[at], at, ref made);
            Assert.Equal(state.Matched.Length > 0 || state.IsLast, state.Stops);
            foreach (var pattern in state.Matched)
            {
                ends.Add((at, pattern));
            }
        }

        return ends;
    }

    private IEnumerable<int> Starts() => Enumerable.Range(0, Octets.Length + 1);

    private static Side Of(byte octet) =>
        octet == '\n' ? Side.Newline : char.IsAsciiLetterOrDigit((char)octet) || octet == '_' ? Side.Word : Side.Other;
}
