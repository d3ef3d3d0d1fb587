namespace Backstop.Backscatter;

/// <summary>
/// Why a message, a recipient or a client was treated as it was: one word, the same in reply, log, metric, header field and page.
/// The set is closed: what can be said stands in <see cref="Reasons"/> and in the server's own table.
/// </summary>
public sealed class Reason
{
    /// <summary>Makes one.</summary>
    /// <param name="word">Such as <c>bounce:unproved</c>; what stands before the colon says who speaks.</param>
    /// <param name="meaning">What it means, for whoever runs the server: a sentence.</param>
    /// <param name="advice">What he can do, a sentence; empty where nothing is to be done.</param>
    internal Reason(string word, string meaning, string advice = "") => (Word, Meaning, Advice) = (word, meaning, advice);

    /// <summary>The stable word, such as <c>bounce:unproved</c>: programs may compare it.</summary>
    public string Word { get; }

    /// <summary>What it means: a sentence.</summary>
    public string Meaning { get; }

    /// <summary>What whoever runs the server can do: a sentence; empty where nothing is to be done.</summary>
    public string Advice { get; }

    /// <inheritdoc/>
    public override string ToString() => Word;
}
