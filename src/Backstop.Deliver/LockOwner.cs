namespace Backstop.Deliver;

/// <summary>The mark that this process writes into its lockfiles.</summary>
internal static class LockOwner
{
    // At most 16 octets, or procmail would never break a stale one. A process number is used again, on this host and on others; this
    // mark is not.
    private const int MaxLength = 16;

    public static string Make()
    {
        var owner = $"{Environment.ProcessId}.{Random.Shared.Next():x8}";
        return owner[..Math.Min(owner.Length, MaxLength)];
    }
}
