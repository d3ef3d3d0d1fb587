using Backstop.Automata;

namespace Backstop.Recipes.Patterns;

/// <summary>A match of an expression, as offsets in octets.</summary>
/// <param name="End">Where it ends; one more than the text's length if it includes the newline that is assumed behind the text.</param>
/// <param name="Split">Where MATCH begins; -1 where the expression has no <c>\/</c>, or matched without it.</param>
public readonly record struct RecipeMatch(int End, int Split);

/// <summary>
/// Matches expressions with <c>\/</c>: shortest on its left, longest on its right. All ways are followed at once, each with the
/// place where it passed <c>\/</c>; of two in the same state the earlier place wins, so time is linear in the text.
/// </summary>
internal sealed class SplitMatcher(Nfa nfa)
{
    private const int NotYet = int.MaxValue;

    private readonly int _start = nfa.Starts[0].Entry;
    private readonly Stack<(int State, int Split)> _open = [];
    private Dictionary<int, int> _now = [];
    private Dictionary<int, int> _then = [];
    private RecipeMatch? _best;

    public RecipeMatch? Find(ReadOnlySpan<byte> text, int start)
    {
        _best = null;
        _now.Clear();
        Add(_now, _start, NotYet, at: start, atEdge: false);
        if (start == 0 || text[start - 1] == '\n')
        {
            Step((byte)'\n', start, atEdge: start == 0 || start == text.Length);
        }
        else if (start == text.Length)
        {
            Add(_now, _start, NotYet, at: start, atEdge: true);
        }

        for (var at = start; at < text.Length && _now.Count > 0; at++)
        {
            Step(text[at], at + 1, atEdge: at + 1 == text.Length);
        }

        Step((byte)'\n', text.Length + 1, atEdge: false);
        return _best;
    }

    private void Step(byte value, int at, bool atEdge)
    {
        _then.Clear();
        foreach (var (index, split) in _now)
        {
            if (nfa[index] is { Kind: NodeKind.Set } set && nfa.SetOf(set).Contains(value) && split <= (_best?.Split ?? NotYet))
            {
                Add(_then, set.Next, split, at, atEdge);
            }
        }

        if (_best is null)
        {
            Add(_then, _start, NotYet, at, atEdge);
        }

        (_now, _then) = (_then, _now);
    }

    private void Add(Dictionary<int, int> states, int first, int firstSplit, int at, bool atEdge)
    {
        _open.Push((first, firstSplit));
        while (_open.TryPop(out var open))
        {
            var (index, split) = open;
            if (states.TryGetValue(index, out var known) && known <= split)
            {
                continue;
            }

            states[index] = split;
            var node = nfa[index];
            switch (node.Kind)
            {
                case NodeKind.Match:
                    Accept(at, split);
                    break;
                case NodeKind.Fork:
                    _open.Push((node.Value, split));
                    _open.Push((node.Next, split));
                    break;
                case NodeKind.Mark:
                    _open.Push((node.Next, Math.Min(split, at)));
                    break;
                case NodeKind.Assert when atEdge:
                    _open.Push((node.Next, split));
                    break;
            }
        }
    }

    private void Accept(int at, int split)
    {
        if (_best is not { } best || split < best.Split || (split == best.Split && at > best.End))
        {
            _best = new(at, split);
        }
    }
}
