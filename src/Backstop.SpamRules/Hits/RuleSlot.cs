using Backstop.SpamRules.Patterns;
using Backstop.SpamRules.Rules;

namespace Backstop.SpamRules.Hits;

/// <summary>A rule ready to run.</summary>
/// <param name="Index">Place in the tables of a scan.</param>
/// <param name="Rule">What its file says.</param>
/// <param name="Flags">Its tflags.</param>
/// <param name="Score">Points of the active score set; a rule of 0 points does not run.</param>
internal sealed record RuleSlot(int Index, RuleDefinition Rule, RuleFlags Flags, double Score)
{
    public CompiledPattern? Pattern { get; init; }

    public string Name => Rule.Name;

    /// <summary>How many matches count; no more are looked for.</summary>
    public int MaxHits { get; } = Flags.IsMultiple ? Flags.MaxHits : 1;

    /// <summary>Whether a body rule leaves the subject out.</summary>
    public bool SkipsSubject { get; } = Flags.Has("nosubject");
}

/// <summary>The hits of one scan. A rule hit more than once counts each time where its flags say so.</summary>
/// <param name="rules">How many places there are.</param>
/// <param name="users">Rules to which a user gave other points, by their places; null: none.</param>
internal sealed class HitTable(int rules, IReadOnlyDictionary<int, RuleSlot>? users = null)
{
    private readonly double[] _values = new double[rules];

    /// <summary>Rules with points, in the order in which they hit; one more often for each hit.</summary>
    public List<RuleSlot> Hits { get; } = [];

    public List<RuleSlot> SubRules { get; } = [];

    /// <summary>Rules that ran out of steps, or were not tried because so many had: whether they hit is not known.</summary>
    public HashSet<RuleSlot> OutOfSteps { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The points of the hits.</summary>
    public double Score => Hits.Sum(h => h.Score);

    /// <summary>
    /// The lowest score possible if each rule of <see cref="OutOfSteps"/> is counted in the message's favour; null if no rule ran out of
    /// steps.
    /// </summary>
    public double? LowestScore { get; set; }

    public double this[int index] => _values[index];

    /// <summary>The value of every rule, by its place.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>Whether the user gave the rule 0 points, so that it does not count, not even for what builds on it.</summary>
    public bool IsOff(RuleSlot slot) => Own(slot).Score == 0;

    public void Add(RuleSlot slot, int times = 1)
    {
        slot = Own(slot);
        if (slot.Score == 0 || times <= 0 || (_values[slot.Index] > 0 && !slot.Flags.IsMultiple))
        {
            return;
        }

        if (slot.Rule.IsSubRule && _values[slot.Index] == 0)
        {
            SubRules.Add(slot);
        }

        _values[slot.Index] += times;
        for (var i = 0; i < times && !slot.Rule.IsSubRule; i++)
        {
            Hits.Add(slot);
        }
    }

    /// <summary>
    /// Adds rules that may have hit: to the score only those with negative points, to the values for meta rules all of them.
    /// </summary>
    public void AddPossible(IEnumerable<RuleSlot> slots)
    {
        foreach (var slot in slots.Select(Own).Where(s => s.Score != 0))
        {
            _values[slot.Index] = 1;
            if (slot.Score < 0 && !slot.Rule.IsSubRule)
            {
                Hits.Add(slot);
            }
        }
    }

    public HitTable Copy()
    {
        var copy = new HitTable(_values.Length, users);
        _values.CopyTo(copy._values, 0);
        copy.Hits.AddRange(Hits);
        return copy;
    }

    /// <summary>Adds a meta rule; its result is the value that other meta rules see.</summary>
    public void AddMeta(RuleSlot slot, double value)
    {
        if (!IsOff(slot))
        {
            Add(slot);
            _values[slot.Index] = value > 0 ? value : 1;
        }
    }

    private RuleSlot Own(RuleSlot slot) => users is not null && users.TryGetValue(slot.Index, out var own) ? own : slot;
}
