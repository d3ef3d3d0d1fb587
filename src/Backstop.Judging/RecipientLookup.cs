using Backstop.Backscatter;

namespace Backstop.Judging;

/// <summary>What was found of a forward-path.</summary>
/// <param name="Known">Its mailboxes; null for none.</param>
/// <param name="Reason">Why nothing can be said of it now, so that the client must come again; null where something can.</param>
/// <param name="Why">What is wrong, for the log; empty for nothing.</param>
internal readonly record struct RecipientLookup(KnownRecipient? Known, Reason? Reason = null, string Why = "")
{
    /// <summary>A table has not answered.</summary>
    public static RecipientLookup Silent(string why) => new(null, ServerReasons.RecipientTable, why);

    /// <summary>The address is there, and leads to no mailbox.</summary>
    public static RecipientLookup Wrong(string why) => new(null, ServerReasons.RecipientAlias, why);

    /// <summary>Returns what an expansion has found.</summary>
    /// <param name="known">The mailboxes that it led to.</param>
    /// <param name="expansion">The expansion; it has ended.</param>
    public static RecipientLookup Of(KnownRecipient? known, AliasExpansion expansion)
    {
        if (expansion.First is not { } first || (known is null && expansion is { IsUnknown: true, IsTooLarge: false, Lost: [] }))
        {
            return new(null);
        }

        var lost = expansion.Lost.Count > 0
            ? $"{first.Key} leads to {string.Join(", ", expansion.Lost.Take(3))}, which no mailbox has"
            : "";
        return known is not null ? new(known, null, lost)
            : expansion.IsTooLarge ? Wrong($"{first.Key} leads to too many addresses, or over too many aliases")
            : Wrong(lost.Length > 0 ? lost : $"{first.Key} leads only back to itself");
    }
}
