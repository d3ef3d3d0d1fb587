namespace Backstop.Judging.Clients;

/// <summary>Classes of mail in the order in which they get room: the last is turned away first.</summary>
internal enum MailClass
{
    /// <summary>A client that brings mail of known correspondents, or this machine itself.</summary>
    Known,

    /// <summary>Any other client.</summary>
    Ordinary,

    /// <summary>Bounces and notices from any client.</summary>
    NullSender,

    /// <summary>A client most of whose mail was unwanted.</summary>
    Suspect,
}

/// <summary>The names of the classes in metrics and status.</summary>
internal static class MailClasses
{
    /// <summary>Returns a class's name.</summary>
    public static string Word(MailClass mail) => mail switch
    {
        MailClass.Known => "known",
        MailClass.Ordinary => "ordinary",
        MailClass.NullSender => "null-sender",
        _ => "suspect",
    };
}
