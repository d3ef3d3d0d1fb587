using Backstop.Backscatter;

namespace Backstop.Clean;

/// <summary>Why a message stays although the server would file or refuse it.</summary>
internal static class Doubts
{
    public static readonly Reason NothingSent = new("sent:unknown", "none of your sent mail is known: name your Sent folder with --sent");
    public static readonly Reason BeforeSent = new("sent:later", "older than the oldest of your sent mail that is known");
    public static readonly Reason KnownDomain = new("sent:domain", "from a domain that you have written to, and it returns no Message-ID");
    public static readonly Reason OwnHost = new("received:own-host", "the mail it returns names a host of yours in a Received field");
    public static readonly Reason WordsOnly = new(
        "words:only", "its text reads like an automatic answer, but nothing shows that a machine wrote it");
    public static readonly Reason Marked = new("marked", "you have flagged or answered it");

    public static readonly IReadOnlyList<Reason> All = [NothingSent, BeforeSent, KnownDomain, OwnHost, WordsOnly, Marked];
}
