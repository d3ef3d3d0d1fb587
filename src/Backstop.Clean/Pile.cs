namespace Backstop.Clean;

/// <summary>Where <c>clean</c> sorts a message of a mailbox.</summary>
public enum Pile
{
    /// <summary>Not an automatic answer: the message stays.</summary>
    Mail,

    /// <summary>An automatic answer to mail that was sent: the message stays.</summary>
    Ours,

    /// <summary>It cannot be told for certain what the message answers: it stays and is listed.</summary>
    Unsure,

    /// <summary>An automatic answer to mail that was never sent.</summary>
    Backscatter,
}

/// <summary>The words for piles in output and JSON.</summary>
public static class Piles
{
    /// <summary>Returns the word for a pile, in lower case.</summary>
    public static string Word(Pile pile) => pile switch
    {
        Pile.Backscatter => "backscatter",
        Pile.Unsure => "unsure",
        Pile.Ours => "ours",
        _ => "mail",
    };
}
