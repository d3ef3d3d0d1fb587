namespace Backstop.Server.Control;

/// <summary>What a person wants to know about the queue, or to do about it; one line of JSON on the control socket.</summary>
/// <param name="Verb">One of <see cref="QueueVerbs"/>.</param>
internal sealed record QueueRequest(string Verb)
{
    /// <summary>The ids of the messages; empty where <see cref="Filter"/> chooses them.</summary>
    public IReadOnlyList<string> Ids { get; set; } = [];

    /// <summary>Which messages are meant.</summary>
    public QueueFilter Filter { get; set; } = new();

    /// <summary>Where a message is redirected to: the address of a mailbox, or the name of a folder of its own.</summary>
    public string Target { get; set; } = "";

    /// <summary>With an address in <see cref="Target"/>, the folder there; empty for the same as before.</summary>
    public string Folder { get; set; } = "";

    /// <summary>Redirects only the copy for this recipient or mailbox; empty for all copies that wait.</summary>
    public string For { get; set; } = "";

    /// <summary>The most messages that are listed; 0 for all.</summary>
    public int Limit { get; set; }

    /// <summary>How much of the mail itself is shown.</summary>
    public QueuePart Part { get; set; }
}

/// <summary>How much of a message is shown.</summary>
internal enum QueuePart
{
    /// <summary>What the queue knows of it.</summary>
    None,

    /// <summary>Its header.</summary>
    Header,

    /// <summary>All of it.</summary>
    Message,
}

/// <summary>The verbs of the queue.</summary>
internal static class QueueVerbs
{
    public const string List = "list";
    public const string Deleted = "deleted";
    public const string Show = "show";
    public const string Hold = "hold";
    public const string Release = "release";
    public const string Deliver = "deliver";
    public const string Redirect = "redirect";
    public const string Delete = "delete";
    public const string Restore = "restore";
}
