namespace Backstop.Backscatter.Bounces;

/// <summary>
/// What speaks for and against one kind: every kind is decided by such a sheet, and <c>explain</c> prints both of its sides.
/// </summary>
/// <param name="kind">The kind.</param>
/// <param name="enough">The sum of weights from which on the kind is named.</param>
internal sealed class EvidenceSheet(MailKind kind, int enough)
{
    private readonly List<(string What, int Weight)> _items = [];
    private bool _lacks;

    /// <summary>The kind it is about.</summary>
    public MailKind Kind => kind;

    /// <summary>The sum of all weights.</summary>
    public int Weight { get; private set; }

    /// <summary>Whether the message is of this kind: the weight is enough and nothing that must be there is missing.</summary>
    public bool Stands => !_lacks && Weight >= enough;

    /// <summary>Whether a machine's sign makes it sure enough to be filed or moved, not only named.</summary>
    public bool IsCertain { get; private set; }

    /// <summary>What speaks for the kind, the strongest first.</summary>
    public IReadOnlyList<string> For => [.. _items.Where(i => i.Weight > 0).OrderByDescending(i => i.Weight).Select(i => i.What)];

    /// <summary>What speaks against it, and what is missing.</summary>
    public IReadOnlyList<string> Against => [.. _items.Where(i => i.Weight <= 0).OrderBy(i => i.Weight).Select(i => i.What)];

    /// <summary>Adds a piece of evidence.</summary>
    /// <param name="holds">Whether it is there.</param>
    /// <param name="weight">Positive for the kind, negative against it.</param>
    /// <param name="what">What it is, in few words for people.</param>
    public EvidenceSheet Add(bool holds, int weight, string what)
    {
        if (holds && weight != 0)
        {
            _items.Add((what, weight));
            Weight += weight;
        }

        return this;
    }

    /// <summary>Adds words that were found; nothing for null.</summary>
    public EvidenceSheet Add(WordingHit? hit) => hit is null ? this : Add(true, hit.Weight, hit.ToString());

    /// <summary>Without this the kind is not named, whatever the weight.</summary>
    /// <param name="holds">Whether it is there.</param>
    /// <param name="missing">What is missing, in few words for people.</param>
    public EvidenceSheet Require(bool holds, string missing)
    {
        if (!holds)
        {
            _items.Add((missing, 0));
            _lacks = true;
        }

        return this;
    }

    /// <summary>Says whether a machine's sign is there.</summary>
    public EvidenceSheet CertainIf(bool holds)
    {
        IsCertain = holds;
        return this;
    }
}
