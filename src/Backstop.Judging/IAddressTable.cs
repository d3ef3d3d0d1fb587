using Backstop.Mail;

namespace Backstop.Judging;

/// <summary>What a table says of an address.</summary>
/// <param name="Targets">What the address leads to, empty for a mailbox of its own; null if it is not in the table.</param>
/// <param name="Trouble">Why the table cannot answer; null if it did.</param>
/// <param name="IsWrong">Whether the table answered, and its answer cannot be used.</param>
internal sealed record TableAnswer(IReadOnlyList<MailAddress>? Targets, string? Trouble = null, bool IsWrong = false)
{
    /// <summary>The address is not in the table.</summary>
    public static TableAnswer Missing { get; } = new(Targets: null);
}

/// <summary>A table outside the configuration that says which addresses exist. Used by many threads at once.</summary>
internal interface IAddressTable
{
    /// <summary>The entry of <c>recipients.tables</c>.</summary>
    string Name { get; }

    /// <summary>Why it does not answer, or does not answer what it should; null while it does.</summary>
    string? Trouble { get; }

    /// <summary>Whether it has answered since it was made.</summary>
    bool HasAnswered { get; }

    /// <summary>
    /// Whether it is asked about addresses of the configuration too, as <c>[aliases]</c> are: one that answers at once, and whose
    /// trouble holds up no mail of a configured mailbox.
    /// </summary>
    bool ComesFirst { get; }

    /// <summary>Whether it may be asked for <c>@domain</c>.</summary>
    bool KnowsDomains { get; }

    /// <summary>Looks an address up; never throws for a table that fails.</summary>
    /// <param name="key">The key of the address, or <c>@domain</c>.</param>
    /// <param name="ct">Ends the wait.</param>
    ValueTask<TableAnswer> AskAsync(string key, CancellationToken ct);
}
