using Backstop.Backscatter;

namespace Backstop.Clean;

/// <summary>Why a message is left alone though the server would file it.</summary>
internal static class Doubts
{
    public static readonly Reason NothingSent = new("sent:unknown", "nothing you sent is known: name your Sent folder with --sent");
    public static readonly Reason BeforeSent = new("sent:later", "older than your oldest sent mail that is known");
    public static readonly Reason KnownDomain = new("sent:domain", "from a domain that you have written to, and it returns no Message-ID");
    public static readonly Reason OwnHost = new("received:own-host", "what it returns says that it passed a host of yours");
    public static readonly Reason WordsOnly = new("words:only", "its words say what it is, but no sign shows that a machine wrote it");
    public static readonly Reason Marked = new("marked", "you have flagged or answered it");

    public static readonly IReadOnlyList<Reason> All = [NothingSent, BeforeSent, KnownDomain, OwnHost, WordsOnly, Marked];
}
