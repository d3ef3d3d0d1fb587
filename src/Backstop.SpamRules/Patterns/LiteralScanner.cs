namespace Backstop.SpamRules.Patterns;

/// <summary>
/// Finds which of many strings stand in a text, all in one pass (Aho and Corasick, 1975), letters in either case. Each string
/// marks the patterns that need it.
/// </summary>
internal sealed class LiteralScanner
{
    private readonly byte[] _classOf = new byte[256];
    private readonly int _classes;
    private readonly int[] _next;
    private readonly int[][] _marks;

    private LiteralScanner(byte[] classOf, int classes, int[] next, int[][] marks) =>
        (_classOf, _classes, _next, _marks) = (classOf, classes, next, marks);

    /// <summary>Builds the automaton of the strings.</summary>
    /// <param name="literals">Strings in lower case, with the number of the pattern each belongs to.</param>
    public static LiteralScanner Build(IEnumerable<(string Literal, int Pattern)> literals)
    {
        var list = literals.ToList();
        var (classOf, classes) = Classes(list);
        var trie = new List<int[]> { NewRow(classes) };
        var marks = new List<HashSet<int>?> { null };
        foreach (var (literal, pattern) in list)
        {
            var state = 0;
            foreach (var c in literal)
            {
                var index = classOf[(byte)c];
                if (trie[state][index] < 0)
                {
                    trie[state][index] = trie.Count;
                    trie.Add(NewRow(classes));
                    marks.Add(null);
                }

                state = trie[state][index];
            }

            (marks[state] ??= []).Add(pattern);
        }

        return new LiteralScanner(classOf, classes, Link(trie, marks, classes), [.. marks.Select(m => m?.ToArray() ?? [])]);
    }

    /// <summary>Sets the bit of every pattern one of whose strings stands in the text.</summary>
    public void Scan(ReadOnlySpan<char> text, Span<ulong> found)
    {
        var state = 0;
        var next = _next;
        var classOf = _classOf;
        foreach (var c in text)
        {
            state = next[(state * _classes) + classOf[(byte)c]];
            foreach (var pattern in _marks[state])
            {
                found[pattern >> 6] |= 1UL << (pattern & 63);
            }
        }
    }

    private static int[] NewRow(int classes)
    {
        var row = new int[classes];
        Array.Fill(row, -1);
        return row;
    }

    /// <summary>Octets that stand in no string share the class 0; the cases of a letter share theirs.</summary>
    private static (byte[] ClassOf, int Classes) Classes(List<(string Literal, int Pattern)> literals)
    {
        var used = new bool[256];
        foreach (var (literal, _) in literals)
        {
            foreach (var c in literal)
            {
                used[(byte)c] = true;
            }
        }

        var classOf = new byte[256];
        byte count = 0;
        for (var i = 0; i < 256; i++)
        {
            classOf[i] = used[i] ? ++count : (byte)0;
        }

        for (var i = 'A'; i <= 'Z'; i++)
        {
            classOf[i] = classOf[i + 32];
        }

        return (classOf, count + 1);
    }

    private static int[] Link(List<int[]> trie, List<HashSet<int>?> marks, int classes)
    {
        var next = new int[trie.Count * classes];
        var fail = new int[trie.Count];
        var queue = new Queue<int>();
        for (var c = 0; c < classes; c++)
        {
            var child = Math.Max(trie[0][c], 0);
            next[c] = child;
            if (child > 0)
            {
                queue.Enqueue(child);
            }
        }

        while (queue.TryDequeue(out var state))
        {
            if (marks[fail[state]] is { } inherited)
            {
                (marks[state] ??= []).UnionWith(inherited);
            }

            for (var c = 0; c < classes; c++)
            {
                var child = trie[state][c];
                next[(state * classes) + c] = child < 0 ? next[(fail[state] * classes) + c] : child;
                if (child >= 0)
                {
                    fail[child] = next[(fail[state] * classes) + c];
                    queue.Enqueue(child);
                }
            }
        }

        return next;
    }
}
