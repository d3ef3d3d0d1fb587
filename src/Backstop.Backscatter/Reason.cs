namespace Backstop.Backscatter;

/// <summary>
/// Why a message, recipient or client was treated as it was: one word, the same in reply, log, metric, header field and
/// page. The set is closed: <see cref="Reasons"/> and the server's own table contain all of them.
/// </summary>
public sealed class Reason
{
    /// <summary>Makes a reason.</summary>
    /// <param name="word">Such as <c>bounce:unproved</c>; the part before the colon names the rule.</param>
    /// <param name="meaning">Its meaning for the administrator: a sentence.</param>
    /// <param name="advice">What the administrator can do: a sentence; empty if nothing.</param>
    internal Reason(string word, string meaning, string advice = "") => (Word, Meaning, Advice) = (word, meaning, advice);

    /// <summary>The stable word, such as <c>bounce:unproved</c>: programs may compare it.</summary>
    public string Word { get; }

    /// <summary>Its meaning: a sentence.</summary>
    public string Meaning { get; }

    /// <summary>What the administrator can do: a sentence; empty if nothing.</summary>
    public string Advice { get; }

    /// <inheritdoc/>
    public override string ToString() => Word;
}
