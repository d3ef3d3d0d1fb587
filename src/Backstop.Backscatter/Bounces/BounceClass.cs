namespace Backstop.Backscatter.Bounces;

/// <summary>Whether to write to a recipient again, and why delivery failed this time.</summary>
/// <param name="IsHard">The address accepts no mail and will not: remove it from the list. Otherwise soft: it may
/// accept mail later, other mail, or mail from another server.</param>
/// <param name="Reason">Why delivery failed.</param>
/// <param name="Evidence">The evidence in a few words each, the decisive one first: <c>status 5.1.1</c>, <c>reply says
/// "mailbox full"</c>.</param>
public sealed record BounceClass(bool IsHard, BounceReason Reason, IReadOnlyList<string> Evidence)
{
    /// <summary><c>hard</c> or <c>soft</c>.</summary>
    public string Word => IsHard ? "hard" : "soft";

    /// <summary>Whether another class has the same values and evidence.</summary>
    /// <param name="other">The other class.</param>
    public bool Equals(BounceClass? other) =>
        other is not null && (IsHard, Reason) == (other.IsHard, other.Reason) && Evidence.SequenceEqual(other.Evidence);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(IsHard, Reason, Evidence.Count);
}
