namespace Backstop.Backscatter.Bounces;

/// <summary>Whether it is any use to write to a recipient again, and why it failed this time.</summary>
/// <param name="IsHard">The address takes no mail and will not: take it off the list. Otherwise soft: it may take mail later, or
/// other mail, or from another server.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="Evidence">What that stands on, in few words each, what decided first: <c>status 5.1.1</c>, <c>reply says "mailbox
/// full"</c>.</param>
public sealed record BounceClass(bool IsHard, BounceReason Reason, IReadOnlyList<string> Evidence)
{
    /// <summary><c>hard</c> or <c>soft</c>.</summary>
    public string Word => IsHard ? "hard" : "soft";

    /// <summary>Whether another says the same for the same evidence.</summary>
    /// <param name="other">The other.</param>
    public bool Equals(BounceClass? other) =>
        other is not null && (IsHard, Reason) == (other.IsHard, other.Reason) && Evidence.SequenceEqual(other.Evidence);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(IsHard, Reason, Evidence.Count);
}
