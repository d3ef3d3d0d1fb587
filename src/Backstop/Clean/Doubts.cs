namespace Backstop.Clean;

/// <summary>The reason words of what is left alone though the server would file it, and what they mean.</summary>
internal static class Doubts
{
    public const string NothingSent = "sent:unknown";
    public const string BeforeSent = "sent:later";
    public const string KnownDomain = "sent:domain";
    public const string OwnHost = "received:own-host";
    public const string WordsOnly = "words:only";
    public const string Marked = "marked";

    /// <summary>For people.</summary>
    public static string Sentence(string reason) => reason switch
    {
        NothingSent => "nothing you sent is known: name your Sent folder with --sent",
        BeforeSent => "older than your oldest sent mail that is known",
        KnownDomain => "from a domain that you have written to, and it returns no Message-ID",
        OwnHost => "what it returns says that it passed a host of yours",
        WordsOnly => "its words say what it is, but no sign shows that a machine wrote it",
        Marked => "you have flagged or answered it",
        _ => reason,
    };
}
