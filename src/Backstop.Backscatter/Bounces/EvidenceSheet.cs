namespace Backstop.Backscatter.Bounces;

/// <summary>
/// Weighs the evidence for and against one kind. Every kind is decided by such a sheet, and <c>explain</c> prints both
/// sides.
/// </summary>
/// <param name="kind">The kind that is decided.</param>
/// <param name="enough">The sum of weights from which on the message is of the kind.</param>
internal sealed class EvidenceSheet(MailKind kind, int enough)
{
    private readonly List<(string What, int Weight)> _items = [];
    private bool _lacks;

    /// <summary>The kind that the sheet is about.</summary>
    public MailKind Kind => kind;

    /// <summary>The sum of all weights.</summary>
    public int Weight { get; private set; }

    /// <summary>Whether the message is of this kind: the weight is enough and no requirement is missing.</summary>
    public bool Stands => !_lacks && Weight >= enough;

    /// <summary>Whether a sign of a machine makes it certain enough to be filed or moved.</summary>
    public bool IsCertain { get; private set; }

    /// <summary>The evidence for the kind, the strongest first.</summary>
    public IReadOnlyList<string> For => [.. _items.Where(i => i.Weight > 0).OrderByDescending(i => i.Weight).Select(i => i.What)];

    /// <summary>The evidence against it, and what is missing.</summary>
    public IReadOnlyList<string> Against => [.. _items.Where(i => i.Weight <= 0).OrderBy(i => i.Weight).Select(i => i.What)];

    /// <summary>Adds a piece of evidence.</summary>
    /// <param name="holds">Whether the evidence is present.</param>
    /// <param name="weight">Positive for the kind, negative against it.</param>
    /// <param name="what">Its description, in a few words for people.</param>
    public EvidenceSheet Add(bool holds, int weight, string what)
    {
        if (holds && weight != 0)
        {
            _items.Add((what, weight));
            Weight += weight;
        }

        return this;
    }

    /// <summary>Adds words that were found; does nothing for null.</summary>
    public EvidenceSheet Add(WordingHit? hit) => hit is null ? this : Add(true, hit.Weight, hit.ToString());

    /// <summary>Adds a requirement: without it the message is not of the kind, whatever the weight.</summary>
    /// <param name="holds">Whether the requirement is met.</param>
    /// <param name="missing">What is missing, in a few words for people.</param>
    public EvidenceSheet Require(bool holds, string missing)
    {
        if (!holds)
        {
            _items.Add((missing, 0));
            _lacks = true;
        }

        return this;
    }

    /// <summary>Sets whether a sign of a machine is present.</summary>
    public EvidenceSheet CertainIf(bool holds)
    {
        IsCertain = holds;
        return this;
    }
}
