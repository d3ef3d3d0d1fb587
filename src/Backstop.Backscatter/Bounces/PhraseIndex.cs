using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Finds all phrases of a table in a text, in one pass and in any case. The caller decides which of the places count. A
/// bit set for the first characters of the phrases excludes nearly all places of a text; only the rest are looked up.
/// </summary>
internal sealed class PhraseIndex
{
    // The number of characters looked up; shorter phrases have a table of their own, by two characters.
    private const int Long = 4;
    private const int Short = 2;

    private readonly string[] _phrases;
    private readonly Starts _long;
    private readonly Starts _short;

    /// <summary>Makes an index.</summary>
    /// <param name="phrases">The phrases, of at least two characters each (TableTests); their numbers are the indexes
    /// in this list.</param>
    public PhraseIndex(IEnumerable<string> phrases)
    {
        _phrases = [.. phrases.Select(p => p.ToUpperInvariant())];
        var numbers = Enumerable.Range(0, _phrases.Length).ToLookup(i => _phrases[i].Length >= Long);
        _long = new(numbers[true], i => Key(_phrases[i]));
        _short = new(numbers[false], i => Key(_phrases[i].AsSpan(0, Short)));
        Longest = _phrases.Max(p => p.Length);
    }

    /// <summary>The length of the longest phrase.</summary>
    public int Longest { get; }

    /// <summary>Returns the phrases in a text, from its start; dispose of the result.</summary>
    /// <param name="text">Any text; letters of either case match.</param>
    public Places In(ReadOnlySpan<char> text) => new(this, text);

    /// <summary>Whether a text contains any phrase.</summary>
    /// <param name="text">Any text; letters of either case match.</param>
    public bool IsIn(ReadOnlySpan<char> text)
    {
        using var places = In(text);
        return places.Next();
    }

    private static ulong Key(ReadOnlySpan<char> start) =>
        start.Length >= Long ? Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(start)))
        : start.Length >= Short ? Unsafe.ReadUnaligned<uint>(ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(start)))
        : 0;

    /// <summary>Iterates over the phrases in a text.</summary>
    internal ref struct Places
    {
        private readonly PhraseIndex _index;
        private readonly char[] _rented;
        private readonly ReadOnlySpan<char> _text;

        // What remains to be tried at this place: the long phrases, then the short ones.
        private ReadOnlySpan<int> _tried;
        private bool _isShortTried;

        public Places(PhraseIndex index, ReadOnlySpan<char> text)
        {
            _index = index;
            _rented = ArrayPool<char>.Shared.Rent(text.Length);
            text.ToUpperInvariant(_rented);
            _text = _rented.AsSpan(0, text.Length);
            At = -1;
            _isShortTried = true;
        }

        /// <summary>The offset of the phrase.</summary>
        public int At { get; private set; }

        /// <summary>The number of the phrase.</summary>
        public int Phrase { get; private set; }

        /// <summary>
        /// Advances to the next phrase: ordered by place, then by number, with phrases of less than four characters
        /// last.
        /// </summary>
        public bool Next()
        {
            while (true)
            {
                for (; !_tried.IsEmpty; _tried = _tried[1..])
                {
                    if (_text[At..].StartsWith(_index._phrases[_tried[0]], StringComparison.Ordinal))
                    {
                        Phrase = _tried[0];
                        _tried = _tried[1..];
                        return true;
                    }
                }

                if (!_isShortTried)
                {
                    _isShortTried = true;
                    _tried = _index._short.IsEmpty ? [] : _index._short.Of(Key(_text.Slice(At, Short)));
                }
                else if (!Move())
                {
                    return false;
                }
            }
        }

        public readonly void Dispose() => ArrayPool<char>.Shared.Return(_rented);

        private bool Move()
        {
            var text = _text;
            var hasShort = !_index._short.IsEmpty;
            _isShortTried = false;
            for (At++; At + Long <= text.Length; At++)
            {
                var key = Key(text.Slice(At, Long));
                if (_index._long.May(key) || (hasShort && _index._short.May(Key(text.Slice(At, Short)))))
                {
                    _tried = _index._long.Of(key);
                    return true;
                }
            }

            // Too close to the end for a long phrase.
            _tried = [];
            return At + Short <= text.Length;
        }
    }

    /// <summary>Phrases by their first characters.</summary>
    private sealed class Starts
    {
        private const int Bits = 16;

        private readonly ulong[] _bits = new ulong[(1 << Bits) / 64];
        private readonly Dictionary<ulong, int[]> _byKey;

        public Starts(IEnumerable<int> numbers, Func<int, ulong> key)
        {
            _byKey = numbers.GroupBy(key).ToDictionary(g => g.Key, g => g.ToArray());
            foreach (var start in _byKey.Keys)
            {
                var bit = Bit(start);
                _bits[bit >> 6] |= 1UL << bit;
            }
        }

        public bool IsEmpty => _byKey.Count == 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool May(ulong key)
        {
            var bit = Bit(key);
            return (_bits[bit >> 6] & (1UL << bit)) != 0;
        }

        public int[] Of(ulong key) => _byKey.GetValueOrDefault(key, []);

        // The upper bits of a product depend on all bits of its factors.
        private static int Bit(ulong key) => (int)((key * 0x9E3779B97F4A7C15) >> (64 - Bits));
    }
}
