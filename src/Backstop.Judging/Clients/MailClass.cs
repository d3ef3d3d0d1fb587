namespace Backstop.Judging.Clients;

/// <summary>Whose mail a session brings, in the order in which there is room for it: the last is turned away first.</summary>
internal enum MailClass
{
    /// <summary>A client through which somebody writes who was written to, or wrote before; and this machine itself.</summary>
    Known,

    /// <summary>Any other.</summary>
    Ordinary,

    /// <summary>Bounces and notices, whoever brings them.</summary>
    NullSender,

    /// <summary>A client most of whose mail nobody here wanted.</summary>
    Suspect,
}

/// <summary>The classes' names, as metrics and the status have them.</summary>
internal static class MailClasses
{
    /// <summary>A class's name.</summary>
    public static string Word(MailClass mail) => mail switch
    {
        MailClass.Known => "known",
        MailClass.Ordinary => "ordinary",
        MailClass.NullSender => "null-sender",
        _ => "suspect",
    };
}
