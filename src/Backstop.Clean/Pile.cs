namespace Backstop.Clean;

/// <summary>Where a message of a mailbox belongs.</summary>
public enum Pile
{
    /// <summary>No report about anything: it stays.</summary>
    Mail,

    /// <summary>It answers something that was sent: it stays.</summary>
    Ours,

    /// <summary>Nothing tells for certain: it stays and is listed.</summary>
    Unsure,

    /// <summary>It answers something that was never sent.</summary>
    Backscatter,
}

/// <summary>The words for piles.</summary>
public static class Piles
{
    /// <summary>The word for a pile, in lower case as JSON has it.</summary>
    /// <param name="pile">The pile.</param>
    public static string Word(Pile pile) => pile switch
    {
        Pile.Backscatter => "backscatter",
        Pile.Unsure => "unsure",
        Pile.Ours => "ours",
        _ => "mail",
    };
}
